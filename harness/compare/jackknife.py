"""Metrics of every run, and what each group of test items moves them by.

Items of a group (texts of one licence, questions on one clause) are not independent, so whole
groups are left out, one at a time: the cluster jackknife. Its variance does not shrink where few
groups hold most items, as a bootstrap's does (CV3: MacKinnon, Nielsen and Webb, Journal of Applied
Econometrics 38, 2023; Bell and McCaffrey, Survey Methodology 28, 2002). A class that lives in one
group has no part without it, so that group moves the mean over classes by as much as the class
differs from the others: no class is held fixed. Every metric is made of sums over items, so a
metric without a group is the metric of the sums less the group's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from harness.compare.binned import Binned, binned
from harness.compare.kin import Kin, of_seeds
from harness.compare.mover import Ends
from harness.compare.pool import Pool, sum_by_group
from harness.compare.uncertainty import LEVEL, Figure, figure
from harness.measure.intervals import Interval
from harness.targets.answers import Answers
from harness.targets.by_class import if_wrong
from harness.targets.marked import Marked
from harness.targets.metric import Metric, Statistic

Values = dict[str, np.ndarray]
"""Metric to its values, by run first."""


@dataclass(frozen=True)
class Estimates:
    """Each metric on the items as they are, [runs], and what each group moves it by, [runs,
    groups]: the sum of the squares of any contrast of runs is the contrast's variance.

    NaN where a metric is not defined (ROC AUC without one of the classes).
    """

    points: Values
    shifts: Values
    pool: Pool
    metrics: Mapping[str, Metric]
    among: Mapping[str, tuple[Pool, ...]] = field(default_factory=dict)
    """By metric that is a share of some of the items, the groups that those of each run are of."""
    if_wrong: Values = field(default_factory=dict)
    """What a loss would be if no item were of its class: [runs]."""
    calibration: tuple[Binned | None, ...] = ()
    """Of each run, None of one that does not say how sure it is; none of a kind of task in which
    nothing does."""

    def seeds(self, metric: str, places: Sequence[int]) -> list[float] | None:
        """What the runs at `places` score, seeds of one method; None where one scores nothing."""
        points = self.points[metric][list(places)]
        return points.tolist() if len(places) and np.isfinite(points).all() else None

    def pool_of(self, metric: str, places: Sequence[int]) -> Pool:
        """The groups that the runs at `places` rest on: of several, the one that tells least."""
        pools = self.among.get(metric)
        return self.pool if pools is None else min((pools[place] for place in places),
                                                   key=lambda pool: pool.alike)

    def figure(self, metric: str, places: Sequence[int], level: float = LEVEL,
               kin: Kin | None = None) -> Figure | None:
        """The figure of the runs at `places`, seeds of one method; None where one has none."""
        points = self.seeds(metric, places)
        if points is None:
            return None
        wrong = self.if_wrong.get(metric)
        ends = self.ends(metric, places)
        return figure(self.metrics[metric], points, self.shifts[metric][list(places)],
                      self.pool_of(metric, places), level,
                      if_wrong=None if wrong is None else float(wrong[list(places)].mean()),
                      ends=ends and ends(level), seeds=of_seeds(points, kin))

    def ends(self, metric: str, places: Sequence[int]) -> Ends | None:
        """The interval over items of the runs at `places`, by level, of a metric that has its own.
        Seeds answer the same items, so the mean of their ends is the mean's."""
        if self.metrics[metric].statistic is not Statistic.CALIBRATION:
            return None
        runs = [run for place in places if (run := self.calibration[place])]

        def interval(level: float) -> Interval:
            low, high = np.mean([run.interval(level) for run in runs], axis=0)
            return float(low), float(high)
        return interval


def jackknife(answers: Answers) -> Estimates:
    """Every metric of every run, and what each group moves it by.

    A calibration error is told without the part that noise makes; what moves it is what moves the
    one with it.
    """
    metrics = answers.kind.metrics
    found = leave_out(answers, metrics)
    losses = [metric.name for metric in metrics if metric.statistic is Statistic.LOSS]
    if losses:
        of_losses = np.array([if_wrong(run) for run in answers.runs])
        found = replace(found, if_wrong=dict.fromkeys(losses, of_losses))
    told = [metric.name for metric in metrics if metric.statistic is Statistic.CALIBRATION]
    if told:
        calibration = tuple(
            _binned(run, answers.groups, found.pool) if run.graded else None
            for run in answers.runs)
        errors = np.array([each.estimate if each else np.nan for each in calibration])
        found = replace(found, points=found.points | dict.fromkeys(told, errors),
                        calibration=calibration)
    return found


def _binned(run: Marked, groups: np.ndarray, pool: Pool) -> Binned:
    confidence, came_true = run.sure
    return binned(confidence, came_true, np.repeat(groups, run.confidence.shape[1]), pool)


def leave_out(answers: Answers, metrics: Sequence[Metric]) -> Estimates:
    """Metrics on the items and without each group, as their formulas have them.

    Runs are taken one by one, so that memory holds the parts of one.
    """
    groups, actual = answers.groups, answers.actual
    pool = Pool.of(groups, actual, weights=answers.weights)
    formulas = {metric.name: metric.formula() for metric in metrics}
    values: dict[str, list[np.ndarray]] = {name: [] for name in formulas}
    among: dict[str, list[Pool]] = {name: [] for name, of in formulas.items() if of.among}
    for run in answers.runs:
        parts = [formula.contributions(run) for formula in formulas.values()]
        sums = whole_and_without(sum_by_group(np.hstack(parts), groups, weights=pool.weights).T)
        ends = np.cumsum([part.shape[1] for part in parts])[:-1]
        for (name, formula), own in zip(formulas.items(), np.split(sums, ends), strict=True):
            values[name].append(formula.finish(own))
            if formula.among is not None:
                among[name].append(_pool_among(formula.among(run), pool, groups))
    found = {name: np.stack(each) for name, each in values.items()}
    return Estimates({name: each[:, 0] for name, each in found.items()},
                     {name: shifts(each) for name, each in found.items()}, pool,
                     {metric.name: metric for metric in metrics},
                     {name: tuple(pools) for name, pools in among.items()})


def _pool_among(chosen: np.ndarray, pool: Pool, groups: np.ndarray) -> Pool:
    """The pool of some of the items, [items] bool, numbered as all are."""
    if chosen.all():
        return pool
    if not chosen.any():
        return Pool.even(0)
    return Pool.of(groups[chosen], None, int(groups.max()) + 1,
                   None if pool.weights is None else pool.weights[chosen])


def whole_and_without(sums: np.ndarray) -> np.ndarray:
    """Sums over groups [..., groups] -> over all, and over all but each: [..., 1 + groups]."""
    whole = sums.sum(axis=-1, keepdims=True)
    return np.concatenate([whole, whole - sums], axis=-1)


def shifts(values: np.ndarray) -> np.ndarray:
    """From a metric whole and without each group, [..., 1 + groups], what each moves it by, scaled
    so that the sum of squares is the jackknife's variance about the whole: [..., groups]."""
    groups = values.shape[-1] - 1
    return np.asarray(((groups - 1) / groups) ** 0.5 * (values[..., :1] - values[..., 1:]))
