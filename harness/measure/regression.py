"""Quality of answers that are numbers."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from harness.common.kinds import Kind
from harness.measure.part import RecordPart
from harness.measure.quality import figures
from harness.targets.regression import Numbered


class Regression(RecordPart):
    """Figures over the items of one split, weighted where items are."""

    kind: ClassVar[Kind] = "regression"
    items: int
    r2: float | None
    """1 less the squared errors over the targets' squared distances from their mean; None where
    all targets are one number."""
    spearman: float | None
    """None where all answers, or all targets, are one number."""
    rmse: float
    """In the target's unit, as the next three."""
    mae: float
    target_mean: float
    target_deviation: float
    unread: int = 0
    """Answers in which no number could be read: each counts as the training items' mean."""
    others: dict[str, float | None] = Field({})
    """By metrics of other packages."""


def regression(run: Numbered, unread: int = 0) -> Regression:
    """Figures of numbers that are all finite. Raises ValueError for no items, or others."""
    if len(run.actual) == 0:
        raise ValueError("there are no items to measure")
    if not np.isfinite(run.answered).all():
        raise ValueError("an answer is not finite")
    mean = float(np.average(run.actual, weights=run.weights))
    spread = float(np.average((run.actual - mean) ** 2, weights=run.weights)) ** 0.5
    return Regression(
        items=len(run.actual), target_mean=mean, target_deviation=spread, unread=unread,
        **figures("regression", run))
