"""A figure before and after tuning, paired item by item."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.measure.intervals import (
    LEVEL,
    Interval,
    crossed_mean,
    mean_difference,
    paired_proportions,
    ratio,
)
from harness.measure.part import RecordPart


class Change(RecordPart):
    """A figure before and after tuning, the difference, and its 95% interval over items."""

    before: float
    after: float
    difference: float
    low: float
    high: float


def counted(before: np.ndarray, after: np.ndarray) -> tuple[int, int]:
    """Items that lost and items that gained, of scores [items, draws]: of several draws by what
    most of them say."""
    if before.shape[1] > 1:
        before, after = ((side.mean(axis=1, keepdims=True) > 0.5).astype(float)
                         for side in (before, after))
    return int((before > after).sum()), int((after > before).sum())


def interval_of(before: np.ndarray, after: np.ndarray, level: float = LEVEL) -> Interval:
    """Of the mean of after - before, scores [items, draws]: Tango's where all are 0 or 1, Student's
    where they are shares of an item. Of several draws that over items and draws, and no closer than
    what Tango's leaves open where no item changed."""
    if before.shape[1] > 1:
        (low, high), middle = crossed_mean(after - before, level), float((after - before).mean())
        below, above = paired_proportions(0, 0, len(before), level)
        return max(-1.0, min(low, middle + below)), min(1.0, max(high, middle + above))
    if np.isin(before, (0, 1)).all() and np.isin(after, (0, 1)).all():
        lost, gained = counted(before, after)
        return paired_proportions(gained, lost, len(before), level)
    return mean_difference((after - before)[:, 0].tolist(), level)


def change_of(before: np.ndarray, after: np.ndarray) -> Change:
    """The change of a mean over items, from scores [items, draws]."""
    low, high = interval_of(before, after)
    return Change(before=float(before.mean()), after=float(after.mean()),
                  difference=float((after - before).mean()), low=low, high=high)


def change_in_groups(before: Sequence[float], after: Sequence[float], sizes: Sequence[float]
                     ) -> Change:
    """The change of a share of things that come in groups, from how many of each group there are
    and how many of them have it.

    The interval is the ratio's over groups, and no closer than what Tango's leaves open where none
    of as many groups changed: a ratio's shrinks to a point there.
    """
    total = sum(sizes)
    difference, (low, high) = ratio(np.subtract(after, before).tolist(), sizes)
    below, above = paired_proportions(0, 0, len(sizes))
    return Change(before=sum(before) / total, after=sum(after) / total, difference=difference,
                  low=max(-1.0, min(low, difference + below)),
                  high=min(1.0, max(high, difference + above)))
