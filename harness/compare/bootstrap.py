"""Metrics of every run on resampled test items, the same resamples for every run.

Groups of items (texts of one licence, questions on one clause) are drawn as wholes, because
their items are not independent, and within their class, because test splits are stratified by
class: a rare class is then in every resample as it is in every split (Davison and Hinkley,
Bootstrap Methods and their Application, 1997, sections 3.2 and 3.8). Of n groups of a class n - 1
are drawn and weighted n / (n - 1), which makes the variance unbiased in each class (Rao and Wu,
Journal of the American Statistical Association 83, 1988); the only group of a class stays. A
resample is a vector of weights of groups, and every metric is made of sums over items, so that all
runs and resamples are one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np

from harness.compare.areas import Areas, placements
from harness.compare.few import SHARES
from harness.measure.quality import BINS, confidence_bins
from harness.methods.link import LINKS

RESAMPLES = 10_000
CHUNK = 500
"""Resamples held in memory at once."""
TINY = float(np.finfo(np.float64).eps)
Values = dict[str, np.ndarray]
"""Metric to its values, by run first."""


@dataclass(frozen=True)
class Answers:
    """What every run answered on the same items.

    `probabilities` holds one [items, classes] array a run; `groups` [items] numbers the groups
    from 0.
    """

    probabilities: Sequence[np.ndarray]
    targets: np.ndarray
    groups: np.ndarray

    one_each: ClassVar[bool] = True

    @property
    def group_count(self) -> int:
        """Number of groups."""
        return int(self.groups.max()) + 1

    @property
    def strata(self) -> np.ndarray:
        """The class that most of a group's items have: [groups]."""
        return strata(self.groups, self.targets)

    @property
    def actual(self) -> np.ndarray:
        """Which class each item has: [items, classes] bool."""
        return np.asarray(np.eye(self.probabilities[0].shape[1], dtype=bool)[self.targets])

    @property
    def chosen(self) -> np.ndarray:
        """Which class was answered: [runs, items, classes] bool."""
        return np.stack([LINKS["classification"].chosen(p) for p in self.probabilities])


@dataclass(frozen=True)
class Drawn:
    """How many groups were drawn from, in how many strata."""

    groups: int
    strata: int
    sizes: tuple[int, ...] = ()
    """Items of each group; none where each is one item."""
    by_class: tuple[int, ...] = ()
    """Groups of each class; none where a task has no classes."""
    shares: frozenset[str] = SHARES
    """Metrics that are shares of items."""

    @property
    def items(self) -> int:
        """Items of all groups."""
        return sum(self.sizes) if self.sizes else self.groups

    @property
    def alike(self) -> float:
        """How many independent items tell as much where all items of a group are alike."""
        return self.items**2 / sum(n * n for n in self.sizes) if self.sizes else self.groups

    @property
    def freedom(self) -> int:
        """Degrees of freedom of a variance over groups within strata; 0 where it has none."""
        return self.groups - self.strata

    @property
    def least_p(self) -> float:
        """The smallest p-value that the signs of so many groups' differences can give."""
        return float(min(1.0, 2 * 0.5**self.groups))


@dataclass(frozen=True)
class Resampled:
    """Each metric on the items as they are, [runs], and on the resamples, [runs, resamples].

    NaN where a metric is not defined (ROC AUC without one of the classes).
    """

    points: Values
    values: Values
    drawn: Drawn


@dataclass(frozen=True)
class Sums:
    """Sums over drawn items: [draws], [classes, draws], [runs, draws] or [runs, parts, draws]."""

    items: np.ndarray
    actual: np.ndarray
    hits: np.ndarray
    predicted: np.ndarray
    loss: np.ndarray
    gaps: np.ndarray
    areas: Areas


def accuracy(sums: Sums) -> np.ndarray:
    """Share of items right; micro F1 equals it when every item has one class."""
    return np.asarray(sums.hits.sum(axis=1) / sums.items)


class Counted(Protocol):
    """Sums of classes: [classes, draws] and [runs, classes, draws]."""

    @property
    def actual(self) -> np.ndarray: ...
    @property
    def hits(self) -> np.ndarray: ...
    @property
    def predicted(self) -> np.ndarray: ...


def macro_f1(sums: Counted) -> np.ndarray:
    """Mean F1 of the classes that the drawn items have, as `measure.quality` has it; NaN where
    they have none."""
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
    return np.asarray(sums.loss / sums.items)


def calibration_error(sums: Sums) -> np.ndarray:
    """Expected calibration error, as `measure.quality` has it."""
    return np.asarray(np.abs(sums.gaps).sum(axis=1) / sums.items)


def roc_auc(sums: Sums) -> np.ndarray:
    """Plain for two classes, else the mean of one against the rest."""
    areas = sums.areas.of(sums.items, sums.actual)
    return np.asarray(areas[:, 1] if areas.shape[1] == 2 else areas.mean(axis=1))


METRICS: dict[str, Callable[[Sums], np.ndarray]] = {
    "accuracy": accuracy, "macro_f1": macro_f1, "micro_f1": accuracy, "roc_auc": roc_auc,
    "log_loss": log_loss, "calibration_error": calibration_error,
}


def bootstrap(answers: Answers, resamples: int = RESAMPLES, seed: int = 0) -> Resampled:
    """Every metric of every run, on the items and on `resamples` resamples of them."""
    classes = answers.probabilities[0].shape[1]
    there = np.eye(classes, dtype=bool)[answers.targets]
    areas = [placements(p, there) for p in answers.probabilities]
    own = [_parts(p, answers.targets, *area[:2])
           for p, area in zip(answers.probabilities, areas, strict=True)]
    middle = np.stack([area[2] for area in areas])[:, :, None]
    ends = np.cumsum([classes, classes, 1, BINS, classes])

    def metrics(shared: np.ndarray, totals: np.ndarray) -> Values:
        hits, predicted, loss, gaps, above, below = np.split(totals, ends, axis=1)
        sums = Sums(shared[0], shared[1:], hits, predicted, loss[:, 0], gaps,
                    Areas(above, below, middle))
        return {name: metric(sums) for name, metric in METRICS.items()}

    shared = np.hstack([np.ones((len(there), 1)), there])
    found = resample(shared, own, answers.groups, answers.strata, metrics, resamples, seed)
    return replace(found, drawn=replace(found.drawn, shares=SHARES | {"micro_f1"}))


def resample(shared: np.ndarray, own: Sequence[np.ndarray], groups: np.ndarray, within: np.ndarray,
             metrics: Callable[[np.ndarray, np.ndarray], Values], resamples: int, seed: int
             ) -> Resampled:
    """Metrics made of sums over items, on the items and on `resamples` resamples of them.

    What each item adds is `shared` [items, parts], which begins with 1 and the classes it has, and,
    a run, `own` [items, parts]; `groups` [items] numbers the groups from 0, `within` [groups] is
    each one's stratum. `metrics` turns the sums, [parts, draws] and [runs, parts, draws], into
    values [runs, draws].
    """
    count = len(within)
    same = _sum_by_group(shared, groups, count).astype(np.float32).T
    each = np.concatenate([_sum_by_group(parts, groups, count).astype(np.float32).T
                           for parts in own])

    def on(drawn: np.ndarray) -> Values:
        return metrics(same @ drawn, (each @ drawn).reshape(len(own), -1, drawn.shape[1]))

    points = on(np.ones((count, 1)))
    return _resampled(points, [on(drawn) for drawn in draws(within, resamples, seed)],
                      drawn_from(within, groups, shared[:, 1:] > 0))


def bootstrap_means(scores: Mapping[str, np.ndarray], groups: np.ndarray, within: np.ndarray,
                    resamples: int = RESAMPLES, seed: int = 0) -> Resampled:
    """As `bootstrap`, for metrics that are means of items' scores: `scores` is [runs, items] by
    metric, `groups` [items] numbers the groups from 0, `within` [groups] is each one's stratum.
    """
    totals = {metric: _sum_by_group(each.T, groups, len(within)).T
              for metric, each in scores.items()}
    items = _sum_by_group(np.ones((len(groups), 1)), groups, len(within))[:, 0]

    def metrics(drawn: np.ndarray) -> Values:
        return {metric: (total @ drawn) / (items @ drawn) for metric, total in totals.items()}

    points = metrics(np.ones((len(within), 1)))
    return _resampled(points, [metrics(drawn) for drawn in draws(within, resamples, seed)],
                      drawn_from(within, groups))


def strata(groups: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The class that most of a group's items have: [groups], from two arrays over the items."""
    counts = np.zeros((int(groups.max()) + 1, int(classes.max()) + 1))
    np.add.at(counts, (groups, classes), 1)
    return np.asarray(counts.argmax(axis=1))


def drawn_from(within: np.ndarray, groups: np.ndarray, actual: np.ndarray | None = None) -> Drawn:
    """What was drawn from, by the groups' strata, the items' groups and, where they have any,
    classes [items, classes]."""
    by_class = () if actual is None else tuple(len(np.unique(groups[own])) for own in actual.T)
    return Drawn(len(within), len(np.unique(within)), tuple(np.bincount(groups).tolist()), by_class)


def _resampled(points: Values, chunks: Sequence[Values], drawn: Drawn) -> Resampled:
    return Resampled({name: values[:, 0] for name, values in points.items()},
                     {name: np.concatenate([chunk[name] for chunk in chunks], axis=1)
                      for name in points}, drawn)


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


def _sum_by_group(parts: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    sums = np.zeros((count, parts.shape[1]))
    np.add.at(sums, groups, parts)
    return sums


def draws(within: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """The weight of each group, whose stratum is given: [groups, resamples of a chunk]."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(within == stratum) for stratum in np.unique(within)]
    for start in range(0, resamples, CHUNK):
        drawn = np.zeros((len(within), min(CHUNK, resamples - start)), dtype=np.float32)
        for groups in members:
            count = len(groups)
            if count == 1:
                drawn[groups] = 1.0
                continue
            size = drawn.shape[1]
            picked = rng.integers(count, size=(size, count - 1))
            # One count over all resamples: the place of a group in its resample's row.
            times = np.bincount((picked + count * np.arange(size)[:, None]).ravel(),
                                minlength=size * count).reshape(size, count)
            drawn[groups] = times.T * (count / (count - 1))
        yield drawn
