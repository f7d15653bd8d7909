"""How large pictures are, in pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

Size = tuple[int, int]
"""Width and height."""


@dataclass(frozen=True)
class PictureSizes:
    """Of some pictures: their commonest size, and from which to which their sides go."""

    commonest: Size
    share: float
    """Of pictures of the commonest size, 0 to 1."""
    least: int
    """The shortest side of any."""
    shorter: int
    """The shorter side in the median."""
    most: int
    """The longest side of any."""

    @property
    def alike(self) -> bool:
        """Whether all are of one size."""
        return self.share == 1.0


def sizes_of(sizes: Collection[Size]) -> PictureSizes:
    """Of one picture or more; of commonest sizes the smallest."""
    counts = Counter(sizes)
    commonest = min(counts, key=lambda size: (-counts[size], size))
    sides = np.array(list(sizes))
    return PictureSizes(commonest, counts[commonest] / len(sizes), int(sides.min()),
                        int(np.median(sides.min(axis=1))), int(sides.max()))
