"""Pairs of training items, alike and unlike, for contrastive tuning."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Pair(NamedTuple):
    """Two items by their places, and whether they are alike."""

    first: int
    second: int
    alike: bool


def draw_pairs(classes: np.ndarray, draw: np.random.Generator) -> list[Pair]:
    """One pass over the items: each with another one that is alike and with one that is not, as
    far as there are such. `classes` is the indicator, [items, classes] bool.

    Items are alike that share a class, or both have none (Tunstall et al. 2022, section 3, where
    an item has one class; several as their library `setfit` takes them).
    """
    kinds = np.column_stack([classes, ~classes.any(axis=1)])
    rows, row_of = np.unique(kinds, axis=0, return_inverse=True)
    found: list[Pair] = []
    for number, row in enumerate(rows):
        mine = np.flatnonzero(row_of.ravel() == number)
        shares = (kinds & row).any(axis=1)
        alike, unlike = np.flatnonzero(shares), np.flatnonzero(~shares)
        if len(alike) > 1:
            others = draw.integers(len(alike) - 1, size=len(mine))
            others += others >= np.searchsorted(alike, mine)  # never the item itself
            found += _pairs(mine, alike[others], True)
        if len(unlike):
            found += _pairs(mine, unlike[draw.integers(len(unlike), size=len(mine))], False)
    return found


def _pairs(first: np.ndarray, second: np.ndarray, alike: bool) -> list[Pair]:
    return [Pair(a, b, alike) for a, b in zip(first.tolist(), second.tolist(), strict=True)]
