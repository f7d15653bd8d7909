"""Hashes against imagehash's, pairs against a plain count, likeness against scipy's."""

import io

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy.stats import pearsonr

from harness.inputs.near_pictures import ALIKE, BITS, WITHIN, likeness, near_pairs, perceptual

RNG = np.random.default_rng(0)


def scene(seed, size=(120, 90)):
    """Blobs of colour, as in a photo out of focus."""
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))


def compressed(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=30)
    return np.asarray(Image.open(stream))


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 90, 3), (28, 28, 3), (200, 133, 3)])
def test_the_hash_is_imagehash_s(shape):
    for _ in range(5):
        pixels = RNG.integers(0, 256, shape, dtype=np.uint8)
        assert perceptual(pixels) == int(str(imagehash.phash(Image.fromarray(pixels))), 16)
    assert perceptual(scene(0)) == int(str(imagehash.phash(Image.fromarray(scene(0)))), 16)


def test_pairs_are_those_of_a_plain_count():
    hashes = RNG.integers(0, 1 << 63, 700, dtype=np.uint64)
    hashes[300:600] = hashes[:300] ^ np.uint64(1 << 40) ^ np.uint64(0b11)
    hashes[650] = hashes[5]
    plain = {(i, j): 1 - (int(one) ^ int(other)).bit_count() / BITS
             for i, one in enumerate(hashes) for j, other in enumerate(hashes)
             if i < j and (int(one) ^ int(other)).bit_count() <= 24}
    found = list(near_pairs(hashes, 24))
    assert len(found) == len(plain) > 300
    assert {(i, j): alike for i, j, alike in found} == plain
    assert [pair[:2] for pair in near_pairs(hashes, 0)] == [(5, 650)]
    assert list(near_pairs(hashes[:0], 3)) == []


def test_pairs_beyond_a_block_are_found():
    hashes = RNG.integers(0, 1 << 63, 9_000, dtype=np.uint64)
    hashes[8_999], hashes[4_200] = hashes[0], hashes[4_100]
    assert sorted(near_pairs(hashes, 0)) == [(0, 8_999, 1.0), (4_100, 4_200, 1.0)]


def test_likeness_is_the_correlation():
    one, other = scene(1, (32, 32)), scene(2, (32, 32))
    expected = pearsonr(one.ravel(), other.ravel()).statistic
    assert likeness(one, other) == pytest.approx(expected)
    assert likeness(one, one) == pytest.approx(1)
    red, blue = (np.full((4, 4, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 0, 255)))
    assert likeness(red, red[:2]) == pytest.approx(1)
    assert likeness(np.full_like(red, 7), np.full_like(red, 8)) == 0
    assert likeness(np.full_like(red, 7), np.full_like(red, 7)[:2]) == 1
    assert likeness(red, blue) < 0


def test_a_picture_changed_a_little_is_near_and_another_is_not():
    for seed in range(8):
        pixels = scene(seed)
        image = Image.fromarray(pixels)
        for changed in (compressed(pixels), np.asarray(image.resize((60, 45))),
                        np.asarray(ImageEnhance.Brightness(image).enhance(0.8))):
            apart = perceptual(pixels) ^ perceptual(changed)
            assert apart.bit_count() <= WITHIN
            assert likeness(pixels, changed) >= ALIKE
        assert likeness(pixels, scene(seed + 100)) < ALIKE
