"""Metrics of every run on resampled test items, the same resamples for every run.

Groups of items (texts of one licence, questions on one clause) are drawn as wholes, because
their items are not independent, and within their class, because test splits are stratified by
class: a rare class is then in every resample as it is in every split (Davison and Hinkley,
Bootstrap Methods and their Application, 1997, sections 3.2 and 3.8). Of n groups of a class n - 1
are drawn and weighted n / (n - 1), which makes the variance unbiased in each class (Rao and Wu,
Journal of the American Statistical Association 83, 1988); the only group of a class stays. A
resample is a vector of weights of groups, and every metric is made of sums over items, so that all
runs and resamples are one matrix product.

ROC AUC is a mean over pairs of items; its resamples use its placement values, the linear part of
its dependence on the items (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988). On the items
as they are that is the area itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from harness.measure.quality import BINS, confidence_bins

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

    @property
    def group_count(self) -> int:
        """Number of groups."""
        return int(self.groups.max()) + 1

    @property
    def strata(self) -> np.ndarray:
        """The class that most of a group's items have: [groups]."""
        return strata(self.groups, self.targets)


@dataclass(frozen=True)
class Drawn:
    """How many groups were drawn from, in how many strata."""

    groups: int
    strata: int

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
    above: np.ndarray
    below: np.ndarray
    areas: np.ndarray


def accuracy(sums: Sums) -> np.ndarray:
    """Share of items right; micro F1 equals it when every item has one class."""
    return np.asarray(sums.hits.sum(axis=1) / sums.items)


def macro_f1(sums: Sums) -> np.ndarray:
    """Mean of the classes' F1; a class neither drawn nor predicted counts 0."""
    below = sums.predicted + sums.actual
    return np.asarray(np.divide(2 * sums.hits, below, out=np.zeros_like(below),
                                where=below > 0).mean(axis=1))


def log_loss(sums: Sums) -> np.ndarray:
    """Nats an item."""
    return np.asarray(sums.loss / sums.items)


def calibration_error(sums: Sums) -> np.ndarray:
    """Expected calibration error, as `measure.quality` has it."""
    return np.asarray(np.abs(sums.gaps).sum(axis=1) / sums.items)


def roc_auc(sums: Sums) -> np.ndarray:
    """Plain for two classes, else the mean of one against the rest."""
    others = sums.items - sums.actual
    with np.errstate(divide="ignore", invalid="ignore"):
        areas = sums.above / sums.actual + sums.below / others - sums.areas
    return np.asarray(areas[:, 1] if areas.shape[1] == 2 else areas.mean(axis=1))


METRICS: dict[str, Callable[[Sums], np.ndarray]] = {
    "accuracy": accuracy, "macro_f1": macro_f1, "micro_f1": accuracy, "roc_auc": roc_auc,
    "log_loss": log_loss, "calibration_error": calibration_error,
}


def bootstrap(answers: Answers, resamples: int = RESAMPLES, seed: int = 0) -> Resampled:
    """Every metric of every run, on the items and on `resamples` resamples of them."""
    classes = answers.probabilities[0].shape[1]
    shared = _by_group(answers, np.hstack([np.ones((len(answers.targets), 1)),
                                           np.eye(classes)[answers.targets]]))
    areas = [_placements(p, answers.targets) for p in answers.probabilities]
    own = np.concatenate([_by_group(answers, _parts(p, answers.targets, *area[:2])).T
                          for p, area in zip(answers.probabilities, areas, strict=True)])
    middle = np.stack([area[2] for area in areas])[:, :, None]

    def metrics(drawn: np.ndarray) -> Values:
        sums = _sums(shared.T @ drawn, own, drawn, middle)
        return {name: metric(sums) for name, metric in METRICS.items()}

    within = answers.strata
    points = metrics(np.ones((answers.group_count, 1)))
    chunks = [metrics(drawn) for drawn in draws(within, resamples, seed)]
    return _resampled(points, chunks, drawn_from(within))


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
                      drawn_from(within))


def strata(groups: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The class that most of a group's items have: [groups], from two arrays over the items."""
    counts = np.zeros((int(groups.max()) + 1, int(classes.max()) + 1))
    np.add.at(counts, (groups, classes), 1)
    return np.asarray(counts.argmax(axis=1))


def drawn_from(within: np.ndarray) -> Drawn:
    """How many groups and strata there are, by the groups' strata."""
    return Drawn(len(within), len(np.unique(within)))


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


def _placements(probabilities: np.ndarray, targets: np.ndarray
                ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each class's items the share of other items below, of other items the share of the
    class's above (both [items, classes], ties counting half), and the areas [classes].

    By ranks, after Sun and Xu (IEEE Signal Processing Letters 21, 2014).
    """
    classes = probabilities.shape[1]
    ranks = rankdata(probabilities, axis=0)
    above, below = np.zeros_like(ranks), np.zeros_like(ranks)
    areas = np.full(classes, np.nan)
    for c in range(classes):
        mine = targets == c
        count, others = int(mine.sum()), int((~mine).sum())
        if count and others:
            above[mine, c] = (ranks[mine, c] - rankdata(probabilities[mine, c])) / others
            below[~mine, c] = 1 - (ranks[~mine, c] - rankdata(probabilities[~mine, c])) / count
            areas[c] = above[mine, c].mean()
    return above, below, areas


def _by_group(answers: Answers, parts: np.ndarray) -> np.ndarray:
    """Items' parts summed by group: [items, parts] -> [groups, parts]."""
    return _sum_by_group(parts, answers.groups, answers.group_count).astype(np.float32)


def _sum_by_group(parts: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    sums = np.zeros((count, parts.shape[1]))
    np.add.at(sums, groups, parts)
    return sums


def _sums(shared: np.ndarray, own: np.ndarray, drawn: np.ndarray, areas: np.ndarray) -> Sums:
    """`shared` [1 + classes, draws], `own` [runs x parts, groups], `drawn` [groups, draws]."""
    classes = len(shared) - 1
    totals = (own @ drawn).reshape(len(areas), -1, drawn.shape[1])
    hits, predicted, loss, gaps, above, below = np.split(
        totals, np.cumsum([classes, classes, 1, BINS, classes]), axis=1)
    return Sums(shared[0], shared[1:], hits, predicted, loss[:, 0], gaps, above, below, areas)


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
