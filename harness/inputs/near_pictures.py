"""Pictures that look alike: candidates by a hash of 64 bits each, then how alike two are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

SIDE, LOW = 32, 8
WITHIN, ALIKE = 6, 0.98
"""Bits and likeness within which two pictures count as near-duplicates: one that was compressed
hard, halved or brightened by a third is; of 5,000 handwritten digits, the coarsest of pictures, ten
pairs are."""
BITS = LOW * LOW
ROWS, COLUMNS = 256, 4_096
"""Of a block of pairs that are compared at once: 8 MB."""
WEIGHTS = np.left_shift(np.uint64(1), np.arange(BITS, dtype=np.uint64)[::-1])


def perceptual(pixels: np.ndarray) -> int:
    """pHash of [height, width, 3] uint8: of the picture in grey, at 32 × 32, the 8 × 8 lowest
    frequencies of its cosine transform (DCT-II), a bit each: whether it is above their median. The
    first row's first is the highest bit.

    Formula and steps are those of imagehash's `phash`, after N. Krawetz, "Looks like it", 2011.
    Of pictures of one colour all have the same hash.
    """
    from scipy.fft import dctn

    grey = Image.fromarray(pixels).convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    low = dctn(np.asarray(grey, dtype=float), type=2)[:LOW, :LOW]
    return int(((low > np.median(low)).ravel() * WEIGHTS).sum())


def near_pairs(hashes: np.ndarray, within: int) -> Iterator[tuple[int, int, float]]:
    """Places i < j of hashes, [pictures] uint64, that differ in at most `within` of their 64 bits,
    with the share of bits that agree. All pairs are looked at, a block at a time, in an order that
    is always the same: 100,000 pictures take some 10 s and 10 MB."""
    hashes = np.asarray(hashes, dtype=np.uint64)
    for top in range(0, len(hashes), ROWS):
        rows = hashes[top: top + ROWS, None]
        for left in range(top - top % COLUMNS, len(hashes), COLUMNS):
            apart = np.bitwise_count(rows ^ hashes[None, left: left + COLUMNS])
            for i, j in np.argwhere(apart <= within).tolist():
                if top + i < left + j:
                    yield top + i, left + j, 1 - int(apart[i, j]) / BITS


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's correlation of two pictures, [height, width, 3] uint8, at 32 × 32 in colour: 1
    where they differ in brightness and contrast alone. A picture of one grey is like the same grey
    alone."""
    first, second = _small(one), _small(other)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float(np.array_equal(first, second))
    return float(np.corrcoef(first, second)[0, 1])


def _small(pixels: np.ndarray) -> np.ndarray:
    image = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(image, dtype=float).ravel()
