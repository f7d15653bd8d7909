"""The jackknife's metrics where an item has any number of classes: all are made of sums too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from harness.compare.areas import Areas, placements
from harness.compare.jackknife import (
    TINY,
    Estimates,
    Run,
    Values,
    f1_of,
    leave_out,
    macro_f1,
    share,
    told,
)
from harness.compare.pool import Pool
from harness.measure.quality import BINS, confidence_bins
from harness.methods.link import LINKS
from harness.tasks.class_metrics import ranking_precisions


@dataclass(frozen=True)
class SetAnswers:
    """What every run answered on the same items.

    `probabilities` holds one [items, classes] array a run; `actual` is [items, classes] bool;
    `groups` [items] numbers the groups from 0; items count alike or have `weights` [items].
    """

    probabilities: Sequence[np.ndarray]
    actual: np.ndarray
    groups: np.ndarray
    weights: np.ndarray | None = None
    one_each: ClassVar[bool] = False

    @property
    def group_count(self) -> int:
        """Number of groups."""
        return int(self.groups.max()) + 1

    @property
    def sure(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """How sure each run was of every class of every item, and which they have: [items *
        classes] each."""
        return [(p.ravel(), self.actual.ravel()) for p in self.probabilities]

    @property
    def chosen(self) -> np.ndarray:
        """Which classes were answered: [runs, items, classes] bool."""
        return np.stack([LINKS["multilabel"].chosen(p) for p in self.probabilities])


@dataclass(frozen=True)
class SetSums:
    """Sums over items, as `jackknife.Sums`."""

    items: np.ndarray
    actual: np.ndarray
    hits: np.ndarray
    predicted: np.ndarray
    exact: np.ndarray
    wrong: np.ndarray
    ranking: np.ndarray
    loss: np.ndarray
    gaps: np.ndarray
    areas: Areas

    @property
    def decisions(self) -> np.ndarray:
        """Classes of items: [draws]."""
        return self.items * len(self.actual)


def micro_f1(sums: SetSums) -> np.ndarray:
    """F1 over all decisions; 0 where nothing is there and nothing is answered."""
    return f1_of(sums.hits.sum(axis=1), sums.predicted.sum(axis=1), sums.actual.sum(axis=0))


METRICS: dict[str, Callable[[SetSums], np.ndarray]] = {
    "macro_f1": macro_f1, "micro_f1": micro_f1,
    "subset_accuracy": lambda sums: share(sums.exact, sums.items),
    "roc_auc": lambda sums: sums.areas.mean(sums.areas.of(sums.items, sums.actual)),
    "ranking_precision": lambda sums: share(sums.ranking, sums.items),
    "hamming_loss": lambda sums: share(sums.wrong, sums.decisions),
    "log_loss": lambda sums: share(sums.loss, sums.decisions),
    "calibration_error": lambda sums: share(np.abs(sums.gaps).sum(axis=1), sums.decisions),
}
"""As `measure.multilabel` has them."""


def jackknife_sets(answers: SetAnswers) -> Estimates:
    """As `jackknife.jackknife`."""
    targets = answers.actual
    classes = targets.shape[1]
    ends = np.cumsum([classes, classes, 1, 1, 1, 1, BINS, classes])

    def metrics(shared: np.ndarray, totals: np.ndarray, whole: np.ndarray) -> Values:
        hits, predicted, exact, wrong, ranking, loss, gaps, above, below = np.split(
            totals, ends, axis=1)
        sums = SetSums(shared[0], shared[1:], hits, predicted, exact[:, 0], wrong[:, 0],
                       ranking[:, 0], loss[:, 0], gaps, Areas(above, below, whole[None, :, None]))
        return {name: metric(sums) for name, metric in METRICS.items()}

    def runs() -> Iterator[Run]:
        for p, chosen in zip(answers.probabilities, answers.chosen, strict=True):
            above, below, whole = placements(p, targets, answers.weights)
            yield np.hstack([_parts(p, chosen, targets), above, below]), partial(
                metrics, whole=whole)

    found = leave_out(np.hstack([np.ones((len(targets), 1)), targets]), runs(), answers.groups,
                      Pool.of(answers.groups, targets, weights=answers.weights))
    wrong = [np.where(targets, 1.0 - p, p) for p in answers.probabilities]
    found = told(found, answers.sure, np.repeat(answers.groups, classes))
    return replace(found, if_wrong={"log_loss": np.array(
        [np.average(-np.log(np.clip(p, TINY, 1.0)).mean(axis=1), weights=answers.weights)
         for p in wrong])})


def _parts(probabilities: np.ndarray, chosen: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """What each item adds to a run's sums, but for areas: [items, 2 classes + 4 + bins]."""
    right = np.where(targets, probabilities, 1.0 - probabilities)
    loss = -np.log(np.clip(right, TINY, 1.0)).sum(axis=1)
    bins, gaps = confidence_bins(probabilities), np.zeros((len(targets), BINS))
    np.add.at(gaps, (np.arange(len(targets))[:, None], bins), targets - probabilities)
    wrong = chosen != targets
    return np.hstack([
        chosen & targets, chosen, ~wrong.any(axis=1)[:, None], wrong.sum(axis=1)[:, None],
        ranking_precisions(probabilities, targets)[:, None], loss[:, None], gaps])
