"""Every two methods on all the items that both answered, and what answers to further items tell.

Methods may answer different numbers of test items, the fewer the dearer: samples are nested. Two
are held against each other on the smaller of their samples, with the answers that others gave
beyond it as controls (`controls`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from harness.compare.arms import Arm, Measured
from harness.compare.controls import LEAST, NOT, Narrowed, narrowed
from harness.compare.jackknife import Estimates, leave_out
from harness.compare.pairs import Difference, McNemar, Sample, differences
from harness.compare.uncertainty import known
from harness.targets.classification import ClassificationAnswers
from harness.targets.metric import Metric, Statistic

Names = tuple[str, str]


def differences_of(arms: Sequence[Arm], measured: Measured, metric: Metric, level: float,
                   methods: int) -> Mapping[Names, Difference]:
    """Every pair of the arms in one metric, in their order, each on its own items; corrections are
    over so many `methods`."""
    able = [arm for arm in arms if measured.sample(arm, metric.name)]
    found: dict[Names, Difference] = {}
    for rung in measured.rungs:
        there = [arm for arm in able if rung.has(arm)]
        samples = [sample for arm in there if (sample := rung.sample(arm, metric.name))]
        own = differences(metric, samples, rung.pool, level, methods)
        if rung.above is not None:
            own |= _controlled(_told(rung, there, metric), samples, level, methods)
        found |= own  # on more items where both answered more
    names = combinations([arm.name for arm in able], 2)
    return {pair: found[pair] for pair in names if pair in found}


def mcnemar_of(arms: Sequence[Arm], measured: Measured) -> list[McNemar | None]:
    """McNemar's test of every pair in order, on all the items that both answered."""
    found: dict[Names, McNemar | None] = {}
    for rung in measured.rungs:
        there = [arm for arm in arms if rung.has(arm)]
        names = combinations([arm.name for arm in there], 2)
        found |= dict(zip(names, rung.tests(there), strict=True))
    return [found[pair] for pair in combinations([arm.name for arm in arms], 2)]


@dataclass(frozen=True)
class Told:
    """What arms that answered more than a rung's items are on these, less what they are on all of
    theirs: by name, [seeds' mean] and what groups move that by, [groups of the larger]."""

    rung: Measured
    metric: Metric
    place: np.ndarray
    """Of each of the rung's groups among the larger sample's: [groups]."""
    apart: Mapping[str, float]
    moved: Mapping[str, np.ndarray]

    def controls(self, *names: str) -> tuple[np.ndarray, np.ndarray]:
        """Those of the named that answered more, and the mean of the others: `moved` [controls,
        groups] and `apart` [controls]."""
        own = [[name] for name in names if name in self.apart]
        others = [name for name in self.apart if name not in names]
        each = [*own, *([others] if others else [])]
        return (np.stack([np.mean([self.moved[name] for name in some], axis=0) for some in each]),
                np.array([np.mean([self.apart[name] for name in some]) for some in each]))

    def narrows(self, shifts: np.ndarray, *names: str) -> Narrowed:
        """What is left of an estimate of the named that the rung's groups move by `shifts`."""
        if not known(shifts, self.metric, self.rung.pool):
            return NOT
        beside, apart = self.controls(*names)
        return narrowed(_among(shifts, self.place, beside.shape[1]), beside, apart)


def _told(rung: Measured, arms: Sequence[Arm], metric: Metric) -> Told:
    """Nothing of a metric that controls do not hold for, nor of so few groups."""
    above, told = rung.above, Told(rung, metric, np.zeros(0, dtype=np.int64), {}, {})
    if (above is None or metric.statistic is Statistic.CALIBRATION
            or rung.pool.effective(metric) < LEAST):
        return told
    place, whole = _places(rung, above), _in_shares(rung, above, metric)
    apart, moved = {}, {}
    for arm in arms:
        few, at = rung.sample(arm, metric.name), above.places(arm) if above.has(arm) else []
        if not at or few is None:
            continue
        points, shifts = (each[metric.name][at].mean(axis=0)
                          for each in (whole.points, whole.shifts))
        if known(few.shifts, metric, rung.pool) and known(shifts, metric, above.pool):
            apart[arm.name] = float(np.mean(few.points) - points)
            moved[arm.name] = _among(few.shifts, place, len(shifts)) - shifts
    return replace(told, place=place, apart=apart, moved=moved)


def _controlled(told: Told, samples: Sequence[Sample], level: float, methods: int
                ) -> dict[Names, Difference]:
    """The differences that controls tell something of, with these: where one of two answered more,
    for of what is easy to both alike a difference has nothing."""
    found: dict[Names, Difference] = {}
    for one, other in combinations(samples, 2):
        if (one.name in told.apart) == (other.name in told.apart):
            continue
        seen = told.narrows(one.shifts - other.shifts, one.name, other.name)
        if seen is not NOT:
            found |= differences(
                told.metric, [_moved(one, seen.offset, seen.ratio), _moved(other, 0.0, seen.ratio)],
                told.rung.pool.telling(seen.ratio), level, methods)
            found[one.name, other.name] = found[one.name, other.name].model_copy(
                update={"left": seen.ratio})
    return found


def _moved(sample: Sample, offset: float, ratio: float) -> Sample:
    return replace(sample, points=[point + offset for point in sample.points],
                   shifts=sample.shifts * ratio,
                   scores=None if sample.scores is None else sample.scores + offset)


def _among(shifts: np.ndarray, place: np.ndarray, groups: int) -> np.ndarray:
    found = np.zeros(groups)
    found[place] = shifts
    return found


def _places(rung: Measured, above: Measured) -> np.ndarray:
    """Of each group of the rung, its number among those of what lies above."""
    at = {item: i for i, item in enumerate(above.items)}
    found = np.zeros(int(rung.answers.groups.max()) + 1, dtype=np.int64)
    for item, group in zip(rung.items, rung.answers.groups, strict=True):
        found[group] = above.answers.groups[at[item]]
    return found


def _in_shares(rung: Measured, above: Measured, metric: Metric) -> Estimates:
    """What lies above, with classes in the shares that they have in the rung (post-stratification),
    so that both are of one mean. Weighted items are already."""
    few, many = rung.answers, above.answers
    if not isinstance(few, ClassificationAnswers) or not isinstance(many, ClassificationAnswers):
        return above.estimates
    if few.weights is not None or many.weights is not None:
        return above.estimates
    there = many.actual.mean(axis=0)
    shares = few.actual.mean(axis=0) / np.where(there > 0, there, 1.0)
    return leave_out(replace(many, weights=many.actual @ shares), [metric])
