"""Labelled items against the approved figure, day after day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.compare.jackknife import jackknife
from harness.measure.intervals import Interval, wilson
from harness.targets.answers import Answers
from harness.watch.kept import Look, Unit
from harness.watch.result import Labelled
from harness.watch.sequence import confidence_sequence, evidence_of_a_fall


@dataclass(frozen=True)
class Counted:
    """A day's labelled units."""

    unit: Unit
    ids: tuple[str, ...]
    right: np.ndarray
    """[units]: 1 or 0; of groups the share right in each."""


def counted(ids: Sequence[str], groups: Sequence[str], right: np.ndarray, unit: Unit) -> Counted:
    """Items by themselves, or groups that count as one each: what hangs together in a group is no
    news after its first item. A group's name is kept as its hash."""
    if unit == "items":
        return Counted(unit, tuple(ids), right.astype(float))
    names, numbers = np.unique(groups, return_inverse=True)
    shares = np.bincount(numbers, right) / np.bincount(numbers)
    return Counted(unit, tuple(sha256_json(str(name))[:16] for name in names), shares)


def new_units(found: Counted, looks: Sequence[Look]) -> Counted:
    """Those that no earlier look counted. Raises HarnessError where these counted other units."""
    other = next((look.unit for look in looks if look.unit not in (None, found.unit)), None)
    if other is not None:
        raise HarnessError(f"earlier labelled tables counted {other}, and this one {found.unit}",
                           "Name the groups' column as then with --group, or a new file with "
                           "--state.")
    known = {name for look in looks for name in look.counted}
    fresh = np.array([name not in known for name in found.ids], dtype=bool)
    return Counted(found.unit, tuple(n for n, new in zip(found.ids, fresh, strict=True) if new),
                   found.right[fresh])


def approved_share(answers: Answers, metric: str, unit: Unit, level: float
                   ) -> tuple[float, Interval]:
    """The approved run's share right with its interval: of items as the gate has it, over whole
    groups; of groups that count as one each by Wilson's, which is wider than need be."""
    if unit == "items":
        figure = jackknife(answers).figure(metric, [0], level)
        if figure is None:
            raise HarnessError(f"the approved run's {metric} is not defined", "Approve another.")
        return figure.mean, (figure.low, figure.high)
    right = answers.run(0).right
    shares = np.bincount(answers.groups, right) / np.bincount(answers.groups)
    return float(shares.mean()), wilson(float(shares.sum()), len(shares), level)


def labelled(new: Counted, given: int, looks: Sequence[Look], approved: tuple[float, Interval],
             drop: float, level: float) -> Labelled:
    """What all labelled units since the approval say, with these; `given` of them are in the table.

    Half of the level is the approved figure's own error, half the sequence's: so the interval of
    their difference has the level, and the chance that a model that is as good as it was approved
    is ever called worse is at most the level.
    """
    days = [look.day for look in looks if look.counted]
    if new.ids:
        days.append((float(new.right.sum()), float((1 - new.right).sum())))
    right, wrong = np.array(days).reshape(-1, 2).sum(axis=0).tolist()
    share, (approved_low, approved_high) = approved
    low, high = confidence_sequence(right, wrong, level / 2)
    least = max(0.0, approved_low - drop)
    return Labelled(
        unit=new.unit, new=len(new.ids), known=given - len(new.ids), units=round(right + wrong),
        right=right, share=right / (right + wrong), low=low, high=high, approved=share,
        approved_low=approved_low, approved_high=approved_high, least=least,
        evidence=evidence_of_a_fall(days, least), needed=2 / level)
