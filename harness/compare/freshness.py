"""Old and new knowledge: every method on questions about documents that were there at training
and about documents that came after, and what it costs to bring a method up to date."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from harness.compare.arms import Arm, Measured
from harness.compare.jackknife import Estimates, leave_out
from harness.compare.uncertainty import Figure, figure
from harness.measure.part import RecordPart
from harness.measure.retrieval import PassageRetrieval
from harness.targets.generation import GenerationAnswers
from harness.targets.metric import Metric, Statistic

Update = Literal["index", "tuning"]


class Knowledge(RecordPart):
    """A method on old and on new knowledge."""

    name: str
    old: Figure
    new: Figure
    gap: Figure
    """Old minus new. The two are of different questions, so it also holds how hard each are."""
    update_by: Update | None
    """What brings the method up to date; None where it keeps nothing of the documents."""
    update_seconds: float | None
    """Stand-alone: adding the new documents to the index, or tuning as long as the first time."""


class Freshness(RecordPart):
    """Every method with a result, in the order of the study's rows."""

    metric: str
    old_items: int
    new_items: int
    new_documents: int
    rows: tuple[Knowledge, ...]


def freshness(arms: Sequence[Arm], measured: Measured, metric: str) -> Freshness | None:
    """None for a study without new documents, or with common items on one side alone."""
    answers = measured.answers
    new = answers.new if isinstance(answers, GenerationAnswers) else np.zeros(0, bool)
    if not new.any() or new.all():
        return None
    decides = measured.estimates.metrics[metric]
    sides = [leave_out(answers.inside(chosen), (decides,)) for chosen in (~new, new)]
    rows = tuple(_row(arm, measured, decides, sides) for arm in arms if arm.done)
    return Freshness(metric=metric, old_items=int((~new).sum()), new_items=int(new.sum()),
                     new_documents=len(np.unique(answers.groups[new])), rows=rows)


def _row(arm: Arm, measured: Measured, metric: Metric, sides: Sequence[Estimates]
         ) -> Knowledge:
    places = [measured.place[r.identity.run_id] for r in arm.done]
    points = [side.points[metric.name][places] for side in sides]
    shifts = [side.shifts[metric.name][places] for side in sides]
    old, new = (figure(metric, each.tolist(), moved, side.pool)
                for each, moved, side in zip(points, shifts, sides, strict=True))
    update_by, seconds = _update(arm)
    # Old and new items are of different groups, so each side's groups move their own part alone.
    apart = np.hstack([shifts[0], -shifts[1]])
    gap = replace(metric, statistic=Statistic.SCORES, bounds=(-math.inf, math.inf))
    fewer = min((side.pool for side in sides), key=lambda pool: pool.alike)
    return Knowledge(
        name=arm.name, old=old, new=new,
        gap=figure(gap, (points[0] - points[1]).tolist(), apart, fewer),
        update_by=update_by, update_seconds=seconds)


def _update(arm: Arm) -> tuple[Update | None, float | None]:
    first = arm.done[0]
    if isinstance(first.retrieval, PassageRetrieval):
        return "index", first.retrieval.update_seconds
    if first.cost is not None and first.cost.training_flops > 0:
        return "tuning", first.cost.stand_alone_seconds
    return None, None
