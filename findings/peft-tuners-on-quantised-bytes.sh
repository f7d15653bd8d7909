#!/usr/bin/env bash
# Some tuners of PEFT take the bytes of a bitsandbytes layer for its weights, and say nothing.
#
# Guess:   a tuner that cannot work on a quantised layer is refused when it is put on one, as GLoRA
#          is ("does not support this layer type"); one that can answers as on the weights that the
#          bytes stand for.
# Happens: on Linear8bitLt HRA, DEFT and PEANUT are put on, learn, and answer by the integers -127 to
#          127 in the place of the weights: outputs are off by 15 to 1,000 times what is right.
#          UniLoRA keeps its scales in the layer's type, int8 or uint8, where they are zeros: it
#          changes no answer and its parameters get no gradient, in eight bits and in four. LoRA,
#          IA3, VeRA and others answer as on the dequantised weights.
# Matters: such a run trains to its end, is saved and loaded, and its figures are of another model
#          than anybody has; of UniLoRA they are those of the untouched backbone with a head.
# Versions: peft 0.21.0, bitsandbytes 0.50.2, transformers 5.23.0, torch 2.13.0 (CPU). Seen on
#          2026-11-29.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 peft==0.21.0 bitsandbytes==0.50.2 \
  transformers==5.23.0 numpy
cat > "$work/tuners.py" <<'PY'
import logging

logging.getLogger("bitsandbytes").setLevel(logging.ERROR)

import bitsandbytes as bnb
import peft
import torch
from torch import nn

WIDTH = 64


class Net(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.is_loaded_in_8bit = isinstance(layer, bnb.nn.Linear8bitLt)
        self.is_loaded_in_4bit = isinstance(layer, bnb.nn.Linear4bit)

    def forward(self, x):
        return self.layer(x)


def quantised(kind):
    torch.manual_seed(0)
    plain = nn.Linear(WIDTH, WIDTH, bias=False)
    made = (bnb.nn.Linear8bitLt(WIDTH, WIDTH, bias=False, has_fp16_weights=False) if kind == "int8"
            else bnb.nn.Linear4bit(WIDTH, WIDTH, bias=False, quant_type="nf4",
                                   compute_dtype=torch.float32))
    made.load_state_dict(plain.state_dict())
    made = made.to("cpu")
    if kind == "int8":
        plain.weight.data = made.weight.CB.float() * made.weight.SCB[:, None] / 127
    else:
        plain.weight.data = bnb.functional.dequantize_4bit(made.weight.data,
                                                           made.weight.quant_state)
    return made, plain


def answers(layer, config):
    torch.manual_seed(1)
    model = peft.get_peft_model(Net(layer), config).train()
    torch.manual_seed(2)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            if parameter.requires_grad:
                parameter.add_(0.05 * torch.randn(parameter.shape))
    torch.manual_seed(3)
    said = model(torch.randn(4, WIDTH))
    said.sum().backward()
    learns = any(p.grad is not None and bool(p.grad.any()) for p in model.parameters())
    return said.detach(), learns


for kind in ("int8", "nf4"):
    for name in ("LoraConfig", "VeraConfig", "HRAConfig", "DeftConfig", "PeanutConfig",
                 "UniLoraConfig"):
        config = getattr(peft, name)(target_modules=["layer"])
        bytes_, plain = quantised(kind)
        right, _ = answers(plain, config)
        try:
            said, learns = answers(bytes_, config)
        except Exception as error:
            print(kind, name, "raises", type(error).__name__)
            continue
        apart = float((said - right).norm() / right.norm())
        print(kind, name, "as on the weights" if apart < 1e-3 else f"apart by {apart:.2g}",
              "learns" if learns else "learns nothing")
PY
found=$("$work/venv/bin/python" "$work/tuners.py" 2>/dev/null)
echo "$found"
for name in HRAConfig DeftConfig PeanutConfig; do
  grep -q "^int8 $name apart by .* learns$" <<< "$found" || { echo "changed: int8 $name"; exit 1; }
done
for kind in int8 nf4; do
  grep -q "^$kind UniLoraConfig .* learns nothing$" <<< "$found" || { echo "changed: $kind UniLoRA"; exit 1; }
  grep -q "^$kind LoraConfig as on the weights learns$" <<< "$found" || { echo "changed: $kind LoRA"; exit 1; }
done
