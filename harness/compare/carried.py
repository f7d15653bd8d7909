"""Whether a few items carry a log loss: a handful of confident mistakes outweigh all the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.compare.arms import Arm, Measured
from harness.measure.part import RecordPart
from harness.targets.metric import Statistic
from harness.tasks.spread import kish

FEWEST, PART = 6, 10
"""Fewer groups than six cannot show anything at 5% by their signs, and no more than a tenth of all:
losses that fall off as an exponential's do are carried by a ninth, normal ones by a third."""


class Carried(RecordPart):
    """Groups that carry a figure's error over items."""

    groups: int
    of: int
    """Groups in all."""
    share: float
    """Of the error's variance that is theirs."""


def carried(shifts: np.ndarray, effective: float) -> Carried | None:
    """The groups that carry what `shifts` [groups] add up to; None where many do.

    As many as squares of equal size would have the same (Σ u²)² / Σ u⁴ (the participation ratio,
    Kish's number of the squares), where that is below six, and below a tenth of the groups of equal
    weight.
    """
    squares = np.sort(shifts**2)[::-1]
    total = float(squares.sum())
    if not np.isfinite(total) or total <= 0:
        return None
    worth = kish(squares)
    if worth >= min(FEWEST, effective / PART):
        return None
    count = math.ceil(worth - 1e-9)
    return Carried(groups=count, of=len(squares), share=float(squares[:count].sum()) / total)


def carried_losses(arms: Sequence[Arm], measured: Measured) -> dict[str, Carried]:
    """By name, the methods whose log loss a few groups of items carry; over their seeds."""
    losses = [metric for metric in measured.metrics if metric.statistic is Statistic.LOSS]
    found = {s.name: carried(s.shifts, measured.pool.effective(metric)) for metric in losses
             for arm in arms if arm.done and (s := measured.sample(arm, metric.name))}
    return {name: each for name, each in found.items() if each}
