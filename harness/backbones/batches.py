"""Batches of sequences of about one length, so that little is padded."""

from __future__ import annotations

import random
from collections.abc import Sequence

POOL = 4
"""Batches a pool. Small, because sorting a large pool makes batches of the same items in every
epoch, which learns worse than random batches."""


def by_length(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Indices in batches of at most `size`, longest first: for inference."""
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    return [order[start:start + size] for start in range(0, len(order), size)]


def shuffled_by_length(lengths: Sequence[int], size: int, seed: str) -> list[list[int]]:
    """Indices in random batches of similar length: for one epoch of training.

    Shuffles, sorts within pools of a few batches, cuts, and shuffles the batches (as
    transformers' LengthGroupedSampler does, with the order of batches random too).
    """
    rng = random.Random(seed)
    order = list(range(len(lengths)))
    rng.shuffle(order)
    batches: list[list[int]] = []
    for start in range(0, len(order), POOL * size):
        pool = sorted(order[start:start + POOL * size], key=lambda i: -lengths[i])
        batches += [pool[i:i + size] for i in range(0, len(pool), size)]
    rng.shuffle(batches)
    return batches
