"""How often a method is right when it says it is this sure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.compare.arms import Arm, Measured
from harness.compare.binned import Binned
from harness.measure.part import RecordPart
from harness.targets.marked import BINS, confidence_bins


class ConfidenceBin(RecordPart):
    """Items whose highest probability lies in one of 15 bins of equal width; classes of items by
    their own probability, where an item may have several."""

    confidence: float
    """Mean over the bin."""
    accuracy: float
    """Share right, or of classes of items the share that the items have."""
    items: int


class Reliability(RecordPart):
    """A method's filled bins, least sure first; first seed, common items."""

    name: str
    bins: tuple[ConfidenceBin, ...]
    p_value: float | None = None
    """How rarely a perfectly calibrated model would be as far off; None in older files."""


def reliabilities(arms: Sequence[Arm], measured: Measured) -> tuple[Reliability, ...]:
    """The reliability diagram of every arm with a result that says how sure it is; none for a task
    without classes."""
    if measured.answers.kind.sure is None:
        return ()
    return tuple(_reliability(arm, measured, found) for arm in arms
                 if arm.done and (found := measured.calibration(arm)))


def _reliability(arm: Arm, measured: Measured, found: Binned) -> Reliability:
    confidence, right = measured.sure(arm)
    bins = confidence_bins(confidence)
    filled = [bins == b for b in range(BINS) if (bins == b).any()]
    return Reliability(name=arm.name, bins=tuple(
        ConfidenceBin(confidence=float(confidence[chosen].mean()),
                      accuracy=float(right[chosen].mean()), items=int(np.sum(chosen)))
        for chosen in filled), p_value=found.p_value)
