#!/usr/bin/env bash
# Before a deployment: pre_deploy.sh CANDIDATE SUITE DEPLOY…
# Runs DEPLOY only when the gate passes, with CANDIDATE_SHA256, the hash of what was judged, in its
# environment: check it against what you deploy.
set -euo pipefail
candidate=$1 suite=$2
shift 2
code=0
.venv/bin/harness gate --suite "$suite" --output gate -- "$candidate" || code=$?
case $code in
  0) sha256=$(python3 -c 'import json; print(json.load(open("gate/gate.json"))["candidate"]["sha256"])')
     echo "passed: $sha256"
     CANDIDATE_SHA256=$sha256 exec "$@" ;;
  1) echo "not deployed: the gate failed" >&2 ;;
  3) echo "not deployed: that was a look, which is no pass" >&2 ;;
  2) echo "not deployed: the gate cannot say, or the request is wrong" >&2 ;;
  *) echo "not deployed: the gate ended with $code" >&2 ;;
esac
exit "$code"
