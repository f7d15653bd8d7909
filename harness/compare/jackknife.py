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

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar, Protocol

import numpy as np

from harness.compare.areas import Areas, placements
from harness.compare.binned import Binned, binned
from harness.compare.kin import Kin, of_seeds
from harness.compare.mover import Ends
from harness.compare.pool import SHARES, Pool, sum_by_group
from harness.compare.uncertainty import LEVEL, Figure, figure
from harness.measure.intervals import Interval
from harness.measure.quality import BINS, confidence_bins
from harness.methods.link import LINKS

TINY = float(np.finfo(np.float64).eps)
Values = dict[str, np.ndarray]
"""Metric to its values, by run first."""


@dataclass(frozen=True)
class Answers:
    """What every run answered on the same items.

    `probabilities` holds one [items, classes] array a run; `groups` [items] numbers the groups
    from 0; items count alike or have `weights` [items].
    """

    probabilities: Sequence[np.ndarray]
    targets: np.ndarray
    groups: np.ndarray
    weights: np.ndarray | None = None

    one_each: ClassVar[bool] = True

    @property
    def group_count(self) -> int:
        """Number of groups."""
        return int(self.groups.max()) + 1

    @property
    def actual(self) -> np.ndarray:
        """Which class each item has: [items, classes] bool."""
        return np.asarray(np.eye(self.probabilities[0].shape[1], dtype=bool)[self.targets])

    @property
    def sure(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """How sure each run was of its answers, and which were right: [items] each."""
        return [(p.max(axis=1), p.argmax(axis=1) == self.targets) for p in self.probabilities]

    @property
    def chosen(self) -> np.ndarray:
        """Which class was answered: [runs, items, classes] bool."""
        return np.stack([LINKS["classification"].chosen(p) for p in self.probabilities])


@dataclass(frozen=True)
class Estimates:
    """Each metric on the items as they are, [runs], and what each group moves it by, [runs,
    groups]: the sum of the squares of any contrast of runs is the contrast's variance.

    NaN where a metric is not defined (ROC AUC without one of the classes).
    """

    points: Values
    shifts: Values
    pool: Pool
    if_wrong: Values = field(default_factory=dict)
    """What a loss would be if no item were of its class: [runs]."""
    calibration: tuple[Binned, ...] = ()
    """Of each run; none where a task has no classes."""

    def seeds(self, metric: str, places: Sequence[int]) -> list[float] | None:
        """What the runs at `places` score, seeds of one method; None where one scores nothing."""
        points = self.points[metric][list(places)]
        return points.tolist() if len(places) and np.isfinite(points).all() else None

    def figure(self, metric: str, places: Sequence[int], level: float = LEVEL,
               kin: Kin | None = None) -> Figure | None:
        """The figure of the runs at `places`, seeds of one method; None where one has none."""
        points = self.seeds(metric, places)
        if points is None:
            return None
        wrong = self.if_wrong.get(metric)
        ends = self.ends(metric, places)
        return figure(metric, points, self.shifts[metric][list(places)], self.pool, level,
                      if_wrong=None if wrong is None else float(wrong[list(places)].mean()),
                      ends=ends and ends(level), seeds=of_seeds(points, kin))

    def ends(self, metric: str, places: Sequence[int]) -> Ends | None:
        """The interval over items of the runs at `places`, by level, of a metric that has its own.
        Seeds answer the same items, so the mean of their ends is the mean's."""
        if metric != "calibration_error":
            return None
        runs = [self.calibration[place] for place in places]

        def interval(level: float) -> Interval:
            low, high = np.mean([run.interval(level) for run in runs], axis=0)
            return float(low), float(high)
        return interval


@dataclass(frozen=True)
class Sums:
    """Sums over items, by their weights, once whole or once a group left out (`draws`): [draws],
    [classes, draws], [runs, draws] or [runs, parts, draws]."""

    items: np.ndarray
    actual: np.ndarray
    hits: np.ndarray
    predicted: np.ndarray
    loss: np.ndarray
    gaps: np.ndarray
    areas: Areas


def accuracy(sums: Sums) -> np.ndarray:
    """Share of items right; micro F1 equals it when every item has one class."""
    return share(sums.hits.sum(axis=1), sums.items)


class Counted(Protocol):
    """Sums of classes: [classes, draws] and [runs, classes, draws]."""

    @property
    def actual(self) -> np.ndarray: ...
    @property
    def hits(self) -> np.ndarray: ...
    @property
    def predicted(self) -> np.ndarray: ...


def macro_f1(sums: Counted) -> np.ndarray:
    """Mean F1 of the classes that the items have, as `measure.quality` has it; NaN where they have
    none."""
    there = sums.actual > 0
    return share((f1_of(sums.hits, sums.predicted, sums.actual) * there).sum(axis=1),
                 there.sum(axis=0))


def share(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """One over the other; NaN where there is nothing below."""
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan, above.dtype),
                                where=below > 0))


def f1_of(hits: np.ndarray, predicted: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """F1 from counts; 0 where nothing is there and nothing is answered."""
    below = predicted + actual
    return np.asarray(np.divide(2 * hits, below, out=np.zeros_like(below), where=below > 0))


def log_loss(sums: Sums) -> np.ndarray:
    """Nats an item."""
    return share(sums.loss, sums.items)


def calibration_error(sums: Sums) -> np.ndarray:
    """Expected calibration error, as `measure.quality` has it: what moves it, of what is told by
    `binned`."""
    return share(np.abs(sums.gaps).sum(axis=1), sums.items)


def roc_auc(sums: Sums) -> np.ndarray:
    """Plain for two classes, else the mean of one against the rest."""
    areas = sums.areas.of(sums.items, sums.actual)
    return np.asarray(areas[:, 1]) if areas.shape[1] == 2 else sums.areas.mean(areas)


METRICS: dict[str, Callable[[Sums], np.ndarray]] = {
    "accuracy": accuracy, "macro_f1": macro_f1, "micro_f1": accuracy, "roc_auc": roc_auc,
    "log_loss": log_loss, "calibration_error": calibration_error,
}


def jackknife(answers: Answers) -> Estimates:
    """Every metric of every run, and what each group moves it by."""
    there = answers.actual
    classes = there.shape[1]
    ends = np.cumsum([classes, classes, 1, BINS, classes])
    pool = Pool.of(answers.groups, there, SHARES | {"micro_f1"}, weights=answers.weights)

    def metrics(shared: np.ndarray, totals: np.ndarray, whole: np.ndarray) -> Values:
        hits, predicted, loss, gaps, above, below = np.split(totals, ends, axis=1)
        sums = Sums(shared[0], shared[1:], hits, predicted, loss[:, 0], gaps,
                    Areas(above, below, whole[None, :, None]))
        return {name: metric(sums) for name, metric in METRICS.items()}

    def runs() -> Iterator[Run]:
        for p in answers.probabilities:
            above, below, whole = placements(p, there, answers.weights)
            yield (_parts(p, answers.targets, above, below), partial(metrics, whole=whole))

    found = leave_out(np.hstack([np.ones((len(there), 1)), there]), runs(), answers.groups, pool)
    return replace(told(found, answers.sure, answers.groups), if_wrong={"log_loss": np.array(
        [_if_wrong(p, there, answers.weights) for p in answers.probabilities])})


def told(found: Estimates, sure: Sequence[tuple[np.ndarray, np.ndarray]], groups: np.ndarray
         ) -> Estimates:
    """With the calibration error that is told instead of the one that noise adds to."""
    calibration = tuple(binned(*run, groups, found.pool) for run in sure)
    error = np.array([run.estimate for run in calibration])
    return replace(found, points=found.points | {"calibration_error": error},
                   calibration=calibration)


Run = tuple[np.ndarray, Callable[[np.ndarray, np.ndarray], Values]]
"""What each item adds to a run's sums, [items, parts], and the metrics [1, draws] of sums shared by
runs, [parts, draws], and of its own, [1, parts, draws]."""


def leave_out(shared: np.ndarray, runs: Iterable[Run], groups: np.ndarray, pool: Pool
              ) -> Estimates:
    """Metrics made of sums over items, whole and without each group.

    What each item adds is `shared` [items, parts], which begins with 1 and the classes it has, and
    what each run says; `groups` [items] numbers the groups from 0. Runs are taken one by one, so
    that memory holds the parts of one.
    """
    def parted(parts: np.ndarray) -> np.ndarray:
        return whole_and_without(sum_by_group(parts, groups, weights=pool.weights).T)

    same = parted(shared)
    found = [metrics(same, parted(parts)[None]) for parts, metrics in runs]
    values = {name: np.concatenate([each[name] for each in found]) for name in found[0]}
    return Estimates({name: each[:, 0] for name, each in values.items()},
                     {name: shifts(each) for name, each in values.items()}, pool)


def jackknife_means(scores: Mapping[str, np.ndarray], groups: np.ndarray,
                    weights: np.ndarray | None = None) -> Estimates:
    """As `jackknife`, for metrics that are means of items' scores: `scores` is [runs, items] by
    metric, `groups` [items] numbers the groups from 0."""
    pool = Pool.of(groups, weights=weights)
    items = whole_and_without(sum_by_group(np.ones((len(groups), 1)), groups,
                                           weights=pool.weights).T)
    values = {metric: share(whole_and_without(sum_by_group(each.T, groups,
                                                           weights=pool.weights).T),
                            np.broadcast_to(items, (len(each), items.shape[1])))
              for metric, each in scores.items()}
    return Estimates({name: each[:, 0] for name, each in values.items()},
                     {name: shifts(each) for name, each in values.items()}, pool)


def whole_and_without(sums: np.ndarray) -> np.ndarray:
    """Sums over groups [..., groups] -> over all, and over all but each: [..., 1 + groups]."""
    whole = sums.sum(axis=-1, keepdims=True)
    return np.concatenate([whole, whole - sums], axis=-1)


def shifts(values: np.ndarray) -> np.ndarray:
    """From a metric whole and without each group, [..., 1 + groups], what each moves it by, scaled
    so that the sum of squares is the jackknife's variance about the whole: [..., groups]."""
    groups = values.shape[-1] - 1
    return np.asarray(((groups - 1) / groups) ** 0.5 * (values[..., :1] - values[..., 1:]))


def _if_wrong(probabilities: np.ndarray, actual: np.ndarray, weights: np.ndarray | None) -> float:
    """Mean nats of the classes that items do not have."""
    each = None if weights is None else np.repeat(weights, (~actual).sum(axis=1))
    return float(np.average(-np.log(np.clip(probabilities[~actual], TINY, 1.0)), weights=each))


def _parts(probabilities: np.ndarray, targets: np.ndarray, above: np.ndarray,
           below: np.ndarray) -> np.ndarray:
    """What each item adds to a run's sums: [items, 4 classes + 1 + bins]."""
    items, classes = probabilities.shape
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    each = np.eye(classes)
    right = (predicted == targets)[:, None]
    loss = -np.log(np.clip(probabilities[np.arange(items), targets], TINY, 1.0))
    return np.hstack([
        each[targets] * right, each[predicted], loss[:, None],
        np.eye(BINS)[confidence_bins(confidence)] * (right - confidence[:, None]), above, below])
