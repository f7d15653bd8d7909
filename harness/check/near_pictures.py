"""Near-duplicates among pictures: the same one compressed, resized or brightened."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from harness.inputs.near_pictures import ALIKE, WITHIN, likeness, near_pairs
from harness.inputs.picture import Picture
from harness.tasks.examples import Example, picture_of


def near_duplicates(indexed: Sequence[Example], asked: Sequence[Example]
                    ) -> list[tuple[Example, Example]]:
    """Pairs of an indexed and an asked item whose hashes differ in few bits and which are then
    alike pixel by pixel (`inputs.near_pictures`). An item is no duplicate of itself."""
    inside = [e.id for e in indexed] == [e.id for e in asked]
    items = list(indexed) if inside else [*indexed, *asked]
    pictures = [picture_of(item) for item in items]
    hashes = np.array([picture.perceptual for picture in pictures], dtype=np.uint64)
    pixels = lru_cache(maxsize=256)(Picture.pixels)
    found = []
    for i, j, _ in near_pairs(hashes, WITHIN):
        across = i < len(indexed) <= j
        if (inside or across) and likeness(pixels(pictures[i]), pixels(pictures[j])) >= ALIKE:
            found.append((items[i], items[j]))
    return found
