#!/usr/bin/env bash
# What only a GPU can show: its tests, the quick legal study to its report, a tuned decoder carried out
# again, and trainings against scripts. Each part has its own limit and the next one begins all the
# same; the last lines say how each ended.
#   PYTHON   the interpreter that has the libraries [.venv/bin/python]
#   OUT      a folder for logs, report and records   [gpu]
#   PARTS    which parts, by name                    [tests study again training]
set -u
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-.venv/bin/python}
OUT=${OUT:-gpu}
PARTS=${PARTS:-tests study again training}
mkdir -p "$OUT"
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1

tests() { timeout "${TESTS_S:-120}" "$PYTHON" -m pytest tests/test_gpu.py -q -m gpu -p no:cacheprovider; }
study() {
  timeout "${STUDY_S:-300}" "$PYTHON" -m harness run legal --no-wandb --runs "$OUT/runs" --reports "$OUT/reports"
  cp "$OUT"/reports/legal/{report.md,study.json} "$OUT/"
}
again() { # the first seed of SmolLM2's LoRA: equal bit for bit, or what differs
  local run
  run=$(grep -l '"label": *"lora"' "$OUT"/runs/legal/*/record.json | xargs grep -l '"backbone": *"smollm2"' | head -1)
  timeout "${AGAIN_S:-120}" "$PYTHON" -m harness reproduce "$(basename "$(dirname "$run")")" --runs "$OUT/runs"
}
training() { timeout "${TRAINING_S:-240}" "$PYTHON" -m benchmarks.training --rounds 1; }

ended=""
for part in $PARTS; do
  start=$SECONDS
  "$part" >"$OUT/$part.log" 2>&1
  ended+="$part: exit $? after $((SECONDS - start)) s"$'\n'
  tail -n "${LINES_OF_LOG:-15}" "$OUT/$part.log"
done
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
printf '%s' "$ended"
