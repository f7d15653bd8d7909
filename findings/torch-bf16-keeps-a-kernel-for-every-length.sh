#!/usr/bin/env bash
# Training on a CPU in bf16 keeps two kernels for every length of a batch, for as long as it runs.
#
# Guess:   memory is flat after the longest batch was seen: tensors are freed, and three layers of
#          384 and 1,536 numbers need a few megabytes of scratch space.
# Happens: every number of rows that comes adds some 5 MB. 400 lengths of one small network take the
#          process from 0.3 to about 2.5 GB; in fp32 from 0.3 to 0.4. Two caches hold 1,024 kernels
#          each, one of oneDNN and one of torch's layer above it; bounding either (environment
#          variables ONEDNN_PRIMITIVE_CACHE_CAPACITY, LRU_CACHE_CAPACITY) leaves most of it, and both
#          leave 0.07 GB.
# Matters: peak memory of a training says how many different lengths its batches had, not what the
#          method needs; a run that was seen to fit for fifty steps is killed later; methods compared
#          by memory differ by their number of steps.
# Versions: torch 2.13.0, on a CPU with AVX512-BF16. Seen on 2026-11-28. Where the hardware has no
#          bf16 products torch takes another way, and nothing is shown.
set -euo pipefail
grep -q avx512_bf16 /proc/cpuinfo || { echo "this CPU has no AVX512-BF16: nothing to see"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 numpy
cat > "$work/lengths.py" <<'PY'
import sys

import torch

torch.set_num_threads(1)
kind = torch.bfloat16 if sys.argv[1] == "bf16" else torch.float32
net = torch.nn.Sequential(torch.nn.Linear(384, 384), torch.nn.Linear(384, 1536), torch.nn.ReLU(),
                          torch.nn.Linear(1536, 384)).to(kind)


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


def step(rows):
    net(torch.randn(rows, 384, dtype=kind)).sum().backward()


step(2000)  # the longest of all
before = resident()
for rows in range(1200, 2000, 2):
    step(rows)
print(f"{resident() - before:.0f}")
PY
grown() { "$work/venv/bin/python" "$work/lengths.py" "$1"; }
plain=$(grown bf16)
single=$(grown fp32)
one=$(ONEDNN_PRIMITIVE_CACHE_CAPACITY=16 grown bf16)
both=$(ONEDNN_PRIMITIVE_CACHE_CAPACITY=16 LRU_CACHE_CAPACITY=16 grown bf16)
echo "MB that 400 lengths add: bf16 $plain, fp32 $single; bf16 with oneDNN's cache bounded $one, with both $both"
if (( plain < 1000 || single > 300 || one < 500 || both > 300 )); then
  echo "changed: bf16 no longer keeps two kernels for every length"
  exit 1
fi
