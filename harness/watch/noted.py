"""A look, noted in the file of looks, and what the labels of all of them say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.common.files import sha256_json
from harness.common.locks import locked
from harness.common.now import now
from harness.targets.kinds import KINDS
from harness.watch.day import Day
from harness.watch.kept import Look, add_look, number_of, read_looks
from harness.watch.labelled import Counted, approved_share, counted, labelled, new_units
from harness.watch.measured import Measured, Watched
from harness.watch.result import Labelled

Marks = tuple[np.ndarray, np.ndarray]
"""Which items have a label, and the classes of those."""


def note(watched: Watched, day: Day, found: Measured | None, marks: Marks | None, state: Path,
         enough: bool) -> tuple[int, Labelled | None]:
    """The number of this table among those of the baseline, and what all labels say.

    The file has a line more where the table was not looked at before, or has labels that were not
    counted. Raises HarnessError for a damaged file, and one of other units.
    """
    baseline, texts = watched.baseline.sha256, sha256_json([item.id for item in day.items])
    with locked(state.with_name(f".{state.name}.lock")):
        looks, own = read_looks(state, baseline)
        number = number_of(own, texts)
        units = _units(day, found, marks)
        new = new_units(units, own) if units else None
        fresh = enough and all(look.texts != texts for look in own)
        if fresh or (new and new.ids):
            add_look(state, looks, _look(baseline, number, texts, new))
    return number, _said(watched, found, units, new, own)


def _look(baseline: str, number: int, texts: str, new: Counted | None) -> Look:
    if new is None or not new.ids:
        return Look(before="", baseline=baseline, at=now(), look=number, texts=texts)
    return Look(before="", baseline=baseline, at=now(), look=number, texts=texts, unit=new.unit,
                right=float(new.right.sum()), counted=new.ids)


def _units(day: Day, found: Measured | None, marks: Marks | None) -> Counted | None:
    """The labelled units of the day; None where it has none."""
    if found is None or marks is None or not marks[0].any():
        return None
    has, classes = marks
    now = found.both.now
    right = (now.columns[has].astype(bool) == classes).all(axis=1) & now.answered[has]
    places = np.flatnonzero(has).tolist()
    return counted([day.items[i].id for i in places], [day.groups[i] for i in places], right,
                   "groups" if day.grouped else "items")


def _said(watched: Watched, found: Measured | None, units: Counted | None, new: Counted | None,
          own: Sequence[Look]) -> Labelled | None:
    metric = KINDS[watched.task.kind].right
    if found is None or units is None or new is None or metric is None:
        return None
    policy = watched.policy
    approved = approved_share(found.approved.answers, metric.name, units.unit,
                              1 - policy.level / 2)
    return labelled(new, len(units.ids), own, approved, policy.drop_at_most, policy.level)
