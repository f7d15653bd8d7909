"""Distributions of metrics over resampled test items, the same resamples for every run.

Groups of items (texts of one licence, questions on one clause) are drawn as wholes, because
their items are not independent, and within their class, because test splits are stratified by
class: a rare class is then in every resample as it is in every split (Davison and Hinkley,
Bootstrap Methods and their Application, 1997, sections 3.2 and 3.8). A resample is a vector of how
often each group was drawn, so that metrics made of sums over items are one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.measure.quality import BINS, confidence_bins

RESAMPLES = 10_000
CHUNK = 500
"""Resamples held in memory at once."""
TINY = float(np.finfo(np.float64).eps)


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


@dataclass(frozen=True)
class Sums:
    """Sums over the drawn items: [resamples] or [resamples, classes or bins]."""

    items: np.ndarray
    hits: np.ndarray
    predicted: np.ndarray
    actual: np.ndarray
    loss: np.ndarray
    gaps: np.ndarray


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


SUMMED: dict[str, Callable[[Sums], np.ndarray]] = {
    "accuracy": accuracy, "micro_f1": accuracy, "macro_f1": macro_f1, "log_loss": log_loss,
    "calibration_error": calibration_error,
}


def bootstrap(answers: Answers, metric: str, resamples: int = RESAMPLES, seed: int = 0
              ) -> np.ndarray:
    """The metric of every run on every resample: [runs, resamples].

    NaN where the metric is not defined on a resample (ROC AUC without one of the classes).
    """
    chunks = []
    tallies = [] if metric == "roc_auc" else [_tally(p, answers) for p in answers.probabilities]
    classes = answers.probabilities[0].shape[1]
    for drawn in _draws(_strata(answers), resamples, seed):
        if metric == "roc_auc":
            weights = drawn[:, answers.groups]
            chunks.append([roc_auc(p, answers.targets, weights) for p in answers.probabilities])
        else:
            chunks.append([SUMMED[metric](_sums(drawn @ tally, classes)) for tally in tallies])
    return np.concatenate([np.asarray(chunk) for chunk in chunks], axis=1)


def roc_auc(probabilities: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Plain for two classes, else the mean of one against the rest: [resamples].

    `weights` [resamples, items] says how often each item was drawn. The area is the share of
    pairs in order, ties counting half (Mann and Whitney).
    """
    classes = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    areas = [_area(probabilities[:, c], targets == c, weights) for c in classes]
    return np.asarray(np.mean(areas, axis=0))


def _area(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    drawn, is_positive = weights[:, order], positive[order]
    above = np.add.reduceat(drawn * is_positive, starts, axis=1)
    below = np.add.reduceat(drawn * ~is_positive, starts, axis=1)
    pairs = above.sum(axis=1) * below.sum(axis=1)
    in_order = (above * (below.cumsum(axis=1) - below / 2)).sum(axis=1)
    return np.asarray(np.divide(in_order, pairs, out=np.full(len(pairs), np.nan),
                                where=pairs > 0))


def _strata(answers: Answers) -> np.ndarray:
    """The class that most of a group's items have: [groups]."""
    counts = np.zeros((answers.group_count, int(answers.targets.max()) + 1))
    np.add.at(counts, (answers.groups, answers.targets), 1)
    return np.asarray(counts.argmax(axis=1))


def _draws(strata: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """How often each group was drawn: [resamples of a chunk, groups]."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    for start in range(0, resamples, CHUNK):
        drawn = np.zeros((min(CHUNK, resamples - start), len(strata)))
        for groups in members:
            shares = np.full(len(groups), 1 / len(groups))
            drawn[:, groups] = rng.multinomial(len(groups), shares, len(drawn))
        yield drawn


def _tally(probabilities: np.ndarray, answers: Answers) -> np.ndarray:
    """Additive figures of each group: [groups, 1 + 3 classes + 1 + bins]."""
    items, classes = probabilities.shape
    predicted, targets = probabilities.argmax(axis=1), answers.targets
    confidence = probabilities.max(axis=1)
    place = confidence_bins(confidence)
    each, every = np.eye(classes), np.arange(items)
    right = (predicted == targets)[:, None]
    rows = np.hstack([
        np.ones((items, 1)), each[targets] * right, each[predicted], each[targets],
        -np.log(np.clip(probabilities[every, targets], TINY, 1.0))[:, None],
        np.eye(BINS)[place] * (right - confidence[:, None])])
    tally = np.zeros((answers.group_count, rows.shape[1]))
    np.add.at(tally, answers.groups, rows)
    return tally


def _sums(sums: np.ndarray, classes: int) -> Sums:
    items, hits, predicted, actual, loss, gaps = np.split(
        sums, np.cumsum([1, classes, classes, classes, 1]), axis=1)
    return Sums(items[:, 0], hits, predicted, actual, loss[:, 0], gaps)
