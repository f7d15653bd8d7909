"""Batches of sequences of about one length, so that little is padded."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

PASS_TOKENS = {"cpu": 128, "cuda": 16_384}
"""What one more pass costs, in tokens: casting weights, adding up gradients, starting kernels."""


@dataclass(frozen=True)
class Cut:
    """How a batch is cut into passes."""

    most: int
    """Items of a pass."""
    overhead: int
    """What one more pass costs, in tokens."""
    room: float = math.inf
    """Tokens of a pass, padding among them; one item is always a pass."""

    def holds(self, items: int, longest: int) -> bool:
        """Whether there is room for so many items in a pass."""
        return items == 1 or items * longest <= self.room


def by_length(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Indices in batches of at most `size`, longest first: for inference."""
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    return [order[start:start + size] for start in range(0, len(order), size)]


def of_one_length(batches: Sequence[list[int]], lengths: Sequence[int]) -> list[list[int]]:
    """Batches that are sorted by length, cut where it changes: none needs padding."""
    return [list(alike) for batch in batches for _, alike in groupby(batch, lengths.__getitem__)]


def shuffled(count: int, size: int, seed: str) -> list[list[int]]:
    """The indices below `count` in random batches: one epoch of training.

    Lengths play no part here. Text length tells of the class, so that batches of one length are
    batches of few classes, and train a worse model than random batches do.
    """
    order = list(range(count))
    random.Random(seed).shuffle(order)
    return [order[start:start + size] for start in range(0, count, size)]


def passes(indices: Sequence[int], lengths: Sequence[int], cut: Cut) -> list[list[int]]:
    """A batch cut into passes of items of about one length, longest first.

    The cut with the least work: padded tokens, and the overhead of each pass. The sum of the
    passes' gradients is the batch's gradient.
    """
    order = sorted(indices, key=lambda i: (-lengths[i], i))
    work, began = [0], [0]
    for end in range(1, len(order) + 1):
        cost, start = min(
            (work[start] + lengths[order[start]] * (end - start) + cut.overhead, start)
            for start in range(max(0, end - cut.most), end)
            if cut.holds(end - start, lengths[order[start]]))
        work.append(cost)
        began.append(start)
    parts: list[list[int]] = []
    end = len(order)
    while end:
        parts.append(order[began[end]:end])
        end = began[end]
    return parts[::-1]
