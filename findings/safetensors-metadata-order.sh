#!/usr/bin/env bash
# Saving the same weights with the same metadata twice gives files of different bytes.
#
# Guess:   safetensors is a plain format with sorted tensors, so one state dict makes one file, and
#          its hash can stand for the weights.
# Happens: with no metadata or one key, yes. With two keys or more their order in the header is drawn
#          anew at each save, so the hashes differ. Reading from bytes also gives the tensors in an
#          order drawn anew, while reading from a file gives them sorted.
# Matters: a run that notes its seed and step in the metadata never gets the same checkpoint hash
#          twice, so a cache or a record of what was compared calls equal models different. A
#          fingerprint taken over load()'s tensors in turn changes as well. Hash the sorted tensors.
# Versions: safetensors 0.8.0, numpy 2.4.6. Seen on 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet safetensors==0.8.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import hashlib

import numpy as np
import safetensors
from safetensors.numpy import load, load_file, save, save_file

TIMES = 40
weights = {f"layer{i}.weight": np.full((4, 4), i, "float32") for i in range(6)}


def hashes(metadata):
    return {hashlib.sha256(save(weights, metadata=metadata)).hexdigest() for _ in range(TIMES)}


none = len(hashes(None))
one = len(hashes({"format": "np"}))
three = len(hashes({"format": "np", "seed": "1", "step": "500"}))
blob = save(weights)
save_file(weights, "weights.safetensors")
from_bytes = len({tuple(load(blob)) for _ in range(TIMES)})
from_file = len({tuple(load_file("weights.safetensors")) for _ in range(TIMES)})
print(f"safetensors {safetensors.__version__}, the same six tensors {TIMES} times:")
print(f"distinct files: {none} without metadata, {one} with one key, {three} with three keys")
print(f"distinct orders of the tensors read: {from_bytes} from bytes, {from_file} from a file")
if not (none == one == from_file == 1 and three > 1 and from_bytes > 1):
    raise SystemExit("changed: what is drawn anew at each save or load is no longer the same")
PY
