#!/usr/bin/env bash
# EfficientNet's image processor divides by the deviation with rescaling and normalising switched off.
#
# Guess:   `do_rescale=False, do_normalize=False` gives the resized pixels, 0 to 255, as ViT's and
#          ConvNeXT's image processors do: those are the switches that all of them have.
# Happens: a third one of this class alone, `include_top`, is on by default and divides by `image_std`
#          once more behind the other two, whatever they say: 128 comes out as 256, and an integer
#          becomes a float. With only `do_normalize=False`, white is 2 and not 1.
# Matters: whoever resizes by the processor and normalises by own code (pictures prepared once, one
#          way of normalising for all models of a comparison) gives EfficientNet, and it alone, pixels
#          twice as large; features of frozen weights fall, and nothing says why.
#          Set include_top=False too.
# Versions: transformers 5.23.0, pillow 13.0.0, torch 2.13.0 (without torchvision). Seen on 2026-11-29.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet transformers==5.23.0 torch==2.13.0 pillow==13.0.0 numpy
HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error "$work/venv/bin/python" - <<'PY'
import transformers
from PIL import Image
from transformers import ConvNextImageProcessor, EfficientNetImageProcessor, ViTImageProcessor

grey, white = (Image.new("RGB", (400, 400), (level,) * 3) for level in (128, 255))
off = {"do_rescale": False, "do_normalize": False}


def pixel(processor, picture, **switches):
    values = processor(picture, return_tensors="np", **switches)["pixel_values"]
    return values.dtype.name, float(values[0, 0, 100, 100])


print(f"transformers {transformers.__version__}")
seen = {
    made.__name__.removesuffix("Pil"): pixel(made(), grey, **off)
    for made in (ViTImageProcessor, ConvNextImageProcessor, EfficientNetImageProcessor)
}
efficient = EfficientNetImageProcessor()
seen["EfficientNet, include_top=False too"] = pixel(efficient, grey, **off, include_top=False)
for name, (kind, value) in seen.items():
    print(f"{name}: 128 with both switched off is {value:g} ({kind})")
rescaled = pixel(efficient, white, do_normalize=False)[1]
print(f"EfficientNet: white, rescaled and not normalised, is {rescaled:g}")
if [value for _, value in seen.values()] != [128, 128, 256, 128] or abs(rescaled - 2) > 1e-5:
    raise SystemExit("changed: EfficientNet's processor follows other switches")
PY
