#!/usr/bin/env bash
# An OFT adapter on convolutions, once merged, is another model: `safe_merge` says nothing of it.
#
# Guess:   `merge_and_unload` gives the answers that the adapter gave, to the last digits of fp32, on
#          convolutions as on linear layers: PEFT lists both as what OFT works on, and LoRA's, LoHa's
#          and HRA's convolutions do so.
# Happens: on linear layers the merged model answers as before; on convolutions answers move by .4 of
#          their length here (.97 in a small ResNet), and `merge_and_unload(safe_merge=True)`, which
#          looks for numbers that are not finite alone, passes.
# Matters: an adapter that was measured and passed is merged to be served, and what is served has
#          learned nothing of the kind. Of a fresh adapter, an identity, a test sees nothing.
# Versions: peft 0.21.0, torch 2.13.0, transformers 5.23.0. Seen on 2026-11-29.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet peft==0.21.0 torch==2.13.0 transformers==5.23.0 numpy
cat > "$work/merge.py" <<'PY'
import sys

import torch
from peft import LoraConfig, OFTConfig, get_peft_model
from torch import nn

torch.manual_seed(0)


class Small(nn.Module):
    """A convolution, and two linear layers behind the mean over places."""

    def __init__(self):
        super().__init__()
        self.looks, self.turns, self.says = nn.Conv2d(8, 16, 3), nn.Linear(16, 16), nn.Linear(16, 5)

    def forward(self, x):
        return self.says(self.turns(self.looks(x).relu().mean(dim=(2, 3))).relu())


def apart(config):
    """How far answers move by merging an adapter that is no longer an identity, as a share."""
    torch.manual_seed(1)
    model = get_peft_model(Small(), config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += 0.05 * torch.randn_like(parameter)
        x = torch.randn(4, 8, 12, 12)
        before = model(x)
        after = model.merge_and_unload(safe_merge=True).eval()(x)
    return float((after - before).norm() / before.norm())


lora = apart(LoraConfig(target_modules=["looks"]))
linear = apart(OFTConfig(target_modules=["turns"]))
convolution = apart(OFTConfig(target_modules=["looks"], oft_block_size=8, r=0))
print(f"merging moves answers by: LoRA on a convolution {lora:.0e}, OFT on a linear layer "
      f"{linear:.0e}, OFT on a convolution {convolution:.2f}")
sys.exit(lora > 1e-4 or linear > 1e-4 or convolution < 0.1)
PY
"$work/venv/bin/python" "$work/merge.py" 2>/dev/null || {
  echo "changed: OFT on a convolution merges into what it was"
  exit 1
}
