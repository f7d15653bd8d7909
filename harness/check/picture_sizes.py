"""How large pictures are, beside what models see of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from harness.check.finding import Finding, shown
from harness.tasks.examples import Example

SMALL, SHARE = 0.5, 0.1
"""A side is small below this part of what a model sees, and it is said of more than this share."""
APART, FAR = 90, 4.0
"""Per cent of the pictures between two sizes, and how many times one is the other from which on
they are called very different."""


def check_sizes(items: Sequence[Example], seen: Mapping[str, tuple[int, int]]) -> Iterator[Finding]:
    """Pictures that are far smaller than what a model sees, by backbone its height and width in
    pixels, and pictures of very different sizes."""
    pictures = [(e, min(e.picture.width, e.picture.height)) for e in items if e.picture is not None]
    for backbone, (height, width) in seen.items():
        small = [e for e, side in pictures if side < SMALL * min(height, width)]
        if len(small) > SHARE * len(pictures):
            yield Finding(
                severity="warning", check="sizes", count=len(small), examples=shown(small),
                found=f"{len(small):,} of {len(pictures):,} pictures "
                      f"({len(small) / len(pictures):.0%}) are less than half as large as the "
                      f"{height} × {width} pixels that {backbone} sees: they are blown up, and "
                      "show it no more than they hold",
                suggestion="Give larger pictures where there are any, or a backbone that sees "
                           "fewer pixels: it costs less.")
    yield from _apart(pictures)


def _apart(pictures: Sequence[tuple[Example, int]]) -> Iterator[Finding]:
    if not pictures:
        return
    sides = np.array([side for _, side in pictures])
    low, high = np.percentile(sides, [50 - APART / 2, 50 + APART / 2])
    if high >= FAR * low:
        order = np.argsort(sides, kind="stable")
        ends = [pictures[order[0]][0], pictures[order[-1]][0]]
        yield Finding(
            severity="warning", check="sizes", count=len(pictures), examples=shown(ends),
            found=f"pictures are of very different sizes: of nine in ten the shorter side has "
                  f"{low:,.0f} to {high:,.0f} pixels. All are made one size, so that the same "
                  "thing is large in one and small in another",
            suggestion="Bring them to one scale, and see that size does not tell the class.")
