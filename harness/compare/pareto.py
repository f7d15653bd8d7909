"""Pareto fronts: methods that no other method beats in every respect."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def front(values: Sequence[Sequence[float]]) -> list[bool]:
    """Which rows no other row dominates: `values` [methods, objectives], higher is better.

    A row dominates another when it is nowhere worse and somewhere better. NaN, a figure that is
    not known, is worse than any other.
    """
    if not values:
        return []
    known = np.array(values, dtype=float)
    known[np.isnan(known)] = -np.inf
    nowhere_worse = (known[:, None] >= known[None]).all(axis=2)
    somewhere_better = (known[:, None] > known[None]).any(axis=2)
    dominated = np.any(nowhere_worse & somewhere_better, axis=0)
    return [not found for found in dominated.tolist()]
