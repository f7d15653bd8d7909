"""RandAugment (Cubuk et al. 2020, RandAugment: Practical automated data augmentation with a reduced
search space): two of fourteen changes, one after the other, each at magnitude 9 of 30.

The changes and what a magnitude means are torchvision's (`transforms.v2.RandAugment` on Pillow's
pictures), which is not needed for it: they are Pillow's operations. Pixels that come from beyond
the picture are black, and none are interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

COUNT = 2
SHARE = 9 / 30
"""Of what each change does at the most."""
SHEAR, MOVED, TURNED, ENHANCED = 0.3 * SHARE, 150 / 331 * SHARE, 30 * SHARE, 0.9 * SHARE
"""Of a side, of a side, degrees, and how far a factor is from one."""
BITS, THRESHOLD = round(8 - 4 * SHARE), math.ceil(255 * (1 - SHARE))
Change = Callable[[Image.Image, int], Image.Image]
"""Of a picture, and in which of two directions: 1 or -1."""


def _affine(image: Image.Image, *row: float) -> Image.Image:
    """Where each pixel comes from: x' = a x + b y + c, y' = d x + e y + f."""
    return image.transform(image.size, Image.Transform.AFFINE, row, Image.Resampling.NEAREST)


def _enhanced(by: Callable[[Image.Image], ImageEnhance._Enhance]) -> Change:
    return lambda image, sign: by(image).enhance(1 + sign * ENHANCED)


CHANGES: Mapping[str, Change] = {
    "identity": lambda image, sign: image,
    "shear-x": lambda image, sign: _affine(image, 1, sign * SHEAR, 0, 0, 1, 0),
    "shear-y": lambda image, sign: _affine(image, 1, 0, 0, sign * SHEAR, 1, 0),
    "translate-x": lambda image, sign: _affine(
        image, 1, 0, -sign * int(MOVED * image.width), 0, 1, 0),
    "translate-y": lambda image, sign: _affine(
        image, 1, 0, 0, 0, 1, -sign * int(MOVED * image.height)),
    "rotate": lambda image, sign: image.rotate(sign * TURNED, Image.Resampling.NEAREST),
    "brightness": _enhanced(ImageEnhance.Brightness),
    "colour": _enhanced(ImageEnhance.Color),
    "contrast": _enhanced(ImageEnhance.Contrast),
    "sharpness": _enhanced(ImageEnhance.Sharpness),
    "posterize": lambda image, sign: ImageOps.posterize(image, BITS),
    "solarize": lambda image, sign: ImageOps.solarize(image, THRESHOLD),
    "auto-contrast": lambda image, sign: ImageOps.autocontrast(image),
    "equalize": lambda image, sign: ImageOps.equalize(image),
}
"""Each is drawn as often."""


def changed(pixels: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A picture after changes that are drawn for it: both RGB, [3, height, width] uint8."""
    image, names = Image.fromarray(pixels.transpose(1, 2, 0)), tuple(CHANGES)
    for _ in range(COUNT):
        name, sign = names[chance.integers(len(names))], 1 - 2 * int(chance.integers(2))
        image = CHANGES[name](image, sign)
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))
