"""RandAugment's changes, against those of torchvision."""

import zlib

import numpy as np
import pytest
from PIL import Image

from harness.backbones.vision.randaugment import CHANGES, changed
from harness.backbones.vision.variants import generator_of, variant

THEIRS = {
    "identity": (519539448, 519539448),
    "shear-x": (3527570435, 3901274030),
    "shear-y": (1675251321, 1772407423),
    "translate-x": (2563186169, 1529795162),
    "translate-y": (2392278241, 1011033176),
    "rotate": (2834172250, 2650994388),
    "brightness": (102448046, 3392741806),
    "colour": (3571647788, 1286187047),
    "contrast": (3697774255, 857941913),
    "sharpness": (1037179853, 3558036003),
    "posterize": (596867755, 596867755),
    "solarize": (3167819039, 3167819039),
    "auto-contrast": (382999378, 382999378),
    "equalize": (1309599906, 1309599906),
}
"""CRC-32 of the pixels that torchvision 0.28.0's `transforms.v2.RandAugment` makes of `shades` with
its own magnitudes (`_AUGMENTATION_SPACE`, bin 9 of 31) in either direction, by
`_apply_image_or_video_transform` on Pillow 13.0.0."""


def shades():
    y, x = np.mgrid[:37, :50]
    return np.stack([x * 5, y * 6, (x * 7 + y * 11) % 256], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("name", THEIRS)
def test_each_change_makes_torchvisions_pixels(name):
    image = Image.fromarray(shades())
    found = [zlib.crc32(np.asarray(CHANGES[name](image, sign)).tobytes()) for sign in (1, -1)]
    assert tuple(found) == THEIRS[name]


def test_there_are_no_other_changes():
    assert list(CHANGES) == list(THEIRS)


def test_two_are_drawn_one_after_the_other_each_as_often(monkeypatch):
    drawn = []

    def noted(name):
        return lambda image, sign: drawn.append((name, sign)) or image

    monkeypatch.setattr("harness.backbones.vision.randaugment.CHANGES",
                        {name: noted(name) for name in CHANGES})
    pixels = shades().transpose(2, 0, 1)
    for number in range(1400):
        np.testing.assert_array_equal(changed(pixels, generator_of("0 1", str(number))), pixels)
    assert len(drawn) == 2800
    counts = np.array([sum(one == (name, sign) for one in drawn)
                       for name in CHANGES for sign in (1, -1)])
    # 28 cells of 100: chi-squared of 27 degrees of freedom is above 55 in one of 1,000 draws.
    assert ((counts - 100) ** 2 / 100).sum() < 55


def test_a_picture_is_cropped_mirrored_and_then_changed():
    def made(how, number):
        return variant(shades(), how, generator_of("0 1", str(number)), (32, 32), 3,
                       lambda pixels: pixels)

    crops, found = ([made(how, n) for n in range(40)] for how in ("crop", "randaugment"))
    assert {one.shape for one in found} == {(3, 32, 32)}
    same = [np.array_equal(a, b) for a, b in zip(crops, found, strict=True)]
    assert 0 <= sum(same) < 20  # where both changes leave it as it is
    for number, (crop, one) in enumerate(zip(crops, found, strict=True)):
        chance = generator_of("0 1", str(number))
        variant(shades(), "crop", chance, (32, 32), 3, lambda pixels: pixels)
        np.testing.assert_array_equal(changed(crop, chance), one)
