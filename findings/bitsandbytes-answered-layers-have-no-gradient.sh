#!/usr/bin/env bash
# On some CPUs no gradient passes through a 4-bit layer of bitsandbytes once it has answered.
#
# Guess:   the weights of a quantised layer are frozen, so that a pass in training gives the same, and
#          the same gradient of its input, whether the layer answered in evaluation before or not.
# Happens: on a CPU with AVX512-BF16 the first pass in evaluation packs the layer for its kernel, for
#          good: the scales of its blocks are rounded to bf16, and passes in training take that
#          kernel, too, which has no backward. The output is off by some thousandths; the gradient of
#          the input is gone, with a warning of torch's and no error.
# Matters: an adapter that is validated after an epoch (QLoRA on a CPU) learns from then on in its last
#          layer and along residual paths alone, on weights that it will not be loaded onto, while the
#          loss still falls.
# Versions: bitsandbytes 0.50.2, torch 2.13.0. Seen on 2026-11-29. Without AVX512-BF16 nothing is shown.
set -euo pipefail
grep -q avx512_bf16 /proc/cpuinfo || { echo "this CPU has no AVX512-BF16: nothing to see"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 bitsandbytes==0.50.2 numpy
cat > "$work/layer.py" <<'PY'
import logging

logging.getLogger("bitsandbytes").setLevel(logging.ERROR)

import bitsandbytes as bnb
import torch

torch.manual_seed(0)
plain = torch.nn.Linear(512, 512, bias=False)
layer = bnb.nn.Linear4bit(512, 512, bias=False, quant_type="nf4", compute_dtype=torch.float32)
layer.load_state_dict(plain.state_dict())
layer = layer.to("cpu")
x = torch.randn(16, 512)


def trained():
    given = x.clone().requires_grad_()
    said = layer.train()(given)
    said.sum().backward()
    return said.detach(), given.grad


before, gradient = trained()
again, _ = trained()
with torch.no_grad():
    layer.eval()(x)
after, gone = trained()
print(f"{float((again - before).norm() / before.norm()):.1e}",
      f"{float((after - before).norm() / before.norm()):.1e}",
      f"{float(gradient.norm()):.0f}", gone)
PY
read -r same apart gradient gone < <("$work/venv/bin/python" "$work/layer.py" 2>/dev/null)
echo "trained twice: apart by $same, gradient's norm $gradient; once it has answered: by $apart, gradient $gone"
if [[ $gone != None || $same != 0.0e+00 || $apart == 0.0e+00 ]]; then
  echo "changed: a 4-bit layer that has answered learns as before"
  exit 1
fi
