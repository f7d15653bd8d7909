"""Old and new knowledge: every method on questions about documents that were there at training
and about documents that came after, and what it costs to bring a method up to date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from harness.compare.arms import Arm, Measured
from harness.compare.bootstrap import Drawn, bootstrap_means
from harness.compare.uncertainty import Figure, figure
from harness.measure.part import RecordPart
from harness.measure.retrieval import PassageRetrieval

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
    scores, groups = measured.responses.scores, measured.responses.groups
    within = measured.responses.strata
    new = within[groups] == 1 if scores else np.zeros(0, dtype=bool)
    if not new.any() or new.all():
        return None
    sides = [_side(scores[metric], groups, within, chosen, seed)
             for seed, chosen in enumerate((~new, new))]
    rows = tuple(_row(arm, measured, metric, sides) for arm in arms if arm.done)
    return Freshness(metric=metric, old_items=int((~new).sum()), new_items=int(new.sum()),
                     new_documents=int((within == 1).sum()), rows=rows)


def _side(scores: np.ndarray, groups: np.ndarray, within: np.ndarray, chosen: np.ndarray,
          seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Points [runs] and values [runs, resamples] on some of the items, and their groups."""
    numbers = np.unique(groups[chosen], return_inverse=True)[1]
    count = int(numbers.max()) + 1
    found = bootstrap_means({"score": scores[:, chosen]}, numbers, np.zeros(count, dtype=int),
                            seed=seed)
    return found.points["score"], found.values["score"], count


def _row(arm: Arm, measured: Measured, metric: str,
         sides: Sequence[tuple[np.ndarray, np.ndarray, int]]) -> Knowledge:
    places = [measured.place[r.identity.run_id] for r in arm.done]
    (old, olds, old_groups), (new, news, new_groups) = sides
    update_by, seconds = _update(arm)
    return Knowledge(
        name=arm.name,
        old=figure(metric, old[places].tolist(), olds[places], _drawn(old_groups)),
        new=figure(metric, new[places].tolist(), news[places], _drawn(new_groups)),
        gap=figure("gap", (old - new)[places].tolist(), (olds - news)[places],
                   _drawn(min(old_groups, new_groups))),
        update_by=update_by, update_seconds=seconds)


def _update(arm: Arm) -> tuple[Update | None, float | None]:
    first = arm.done[0]
    if isinstance(first.retrieval, PassageRetrieval):
        return "index", first.retrieval.update_seconds
    if first.cost is not None and first.cost.training_flops > 0:
        return "tuning", first.cost.stand_alone_seconds
    return None, None


def _drawn(groups: int) -> Drawn:
    return Drawn(groups, 1)
