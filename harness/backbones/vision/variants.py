"""Pictures changed at random while a model learns from them: the same for all methods of a seed.

A crop covers 60 to 100% of the picture at 3/4 to 4/3 of its shape, and is resized to what the
model sees (Szegedy et al. 2015, Going Deeper with Convolutions, section 6, with a milder lower
bound: a small defect must not be cut off as often); half of them are mirrored left to right. What
`randaugment` crops and mirrors so it then changes as its own file says.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

from harness.backbones.vision.randaugment import changed
from harness.common.kinds import Augment

LEAST, NARROW = 0.6, 3 / 4
TRIES = 10
Vary = Callable[[np.ndarray, np.random.Generator, tuple[int, int], int], np.ndarray | None]
"""Of RGB [height, width, 3], what chance draws from, height and width of what the model sees, and
Pillow's number of a resampling filter; None for the picture as the model's processor resizes it."""


def generator_of(seed: str, picture: str) -> np.random.Generator:
    """What a picture's variants are drawn by: its own, whatever others a batch holds."""
    digest = hashlib.sha256(f"{seed} {picture}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def random_crop(pixels: np.ndarray, chance: np.random.Generator, size: tuple[int, int],
                resample: int) -> np.ndarray:
    """A part of the picture, resized: [3, height, width] uint8."""
    high, wide = pixels.shape[:2]
    for _ in range(TRIES):
        area = high * wide * chance.uniform(LEAST, 1.0)
        shape = math.exp(chance.uniform(math.log(NARROW), -math.log(NARROW)))
        width, height = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
        if 0 < width <= wide and 0 < height <= high:
            break
    else:
        width, height = wide, high
    left, top = chance.integers(wide - width + 1), chance.integers(high - height + 1)
    found = Image.fromarray(pixels).resize(size[::-1], Image.Resampling(resample),
                                           box=(left, top, left + width, top + height))
    return np.ascontiguousarray(np.asarray(found).transpose(2, 0, 1))


CROPS: Mapping[Augment, Vary] = {
    "none": lambda *given: None, "flip": lambda *given: None, "crop": random_crop,
    "randaugment": random_crop}
MIRRORED: frozenset[Augment] = frozenset({"flip", "crop", "randaugment"})
CHANGED: Mapping[Augment, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "randaugment": changed}
"""What becomes of [3, height, width] uint8 in the end."""


def variant(pixels: np.ndarray, how: Augment, chance: np.random.Generator, size: tuple[int, int],
            resample: int, resized: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """What a model sees of a picture in one epoch, [3, height, width] uint8. `resized` is what it
    sees of pictures as they are; the rest as `Vary` has it."""
    found = CROPS[how](pixels, chance, size, resample)
    if found is None:
        found = resized(pixels)
    if how in MIRRORED and chance.random() < 0.5:
        found = np.ascontiguousarray(found[..., ::-1])
    return CHANGED[how](found, chance) if how in CHANGED else found
