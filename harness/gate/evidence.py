"""What is known of a candidate, and of it against the baseline on the same items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.compare.bootstrap import METRICS, RESAMPLES, Answers, Drawn, bootstrap, draws
from harness.compare.uncertainty import BOUNDED
from harness.gate.bounds import Bounds, metric_bounds
from harness.tasks.examples import Example

TOLERANCE = 1e-6
"""Of a row's sum: fp32 softmaxes are within 1e-6."""


@dataclass(frozen=True)
class SliceDrop:
    """Accuracy lost on the items with one value of one column: baseline minus candidate."""

    column: str
    value: str
    items: int
    drop: Bounds


@dataclass(frozen=True)
class Evidence:
    """Everything a policy may ask. A string stands for a figure that could not be had: why."""

    own: Mapping[str, Bounds]
    """Metrics of the candidate that are defined."""
    gaps: Mapping[str, Bounds]
    """Candidate minus baseline, paired; empty without a baseline."""
    slices: tuple[SliceDrop, ...]
    ratios: Mapping[str, Bounds | str]
    timing: str
    forgetting: Bounds | str
    """Share lost on general benchmarks against the untouched backbone."""
    forgetting_about: str
    artifact_bytes: int
    items: int
    unanswered: int
    """Items whose probabilities are none: then no metric is given at all."""


@dataclass(frozen=True)
class Answered:
    """The same items answered by the candidate and, where there is one, by the baseline."""

    examples: tuple[Example, ...]
    candidate: np.ndarray
    baseline: np.ndarray | None

    @property
    def sound(self) -> np.ndarray:
        """Whether the candidate's probabilities are finite, not negative and sum to one: [items].
        """
        with np.errstate(invalid="ignore"):
            found = (np.abs(self.candidate.sum(axis=1) - 1) <= TOLERANCE) & (
                self.candidate >= 0).all(axis=1)
        return np.asarray(found)

    @property
    def targets(self) -> np.ndarray:
        """The right class of each item: [items]."""
        return np.array([e.label for e in self.examples])

    @property
    def groups(self) -> np.ndarray:
        """The number of each item's group, from 0: [items]."""
        names = [e.group for e in self.examples]
        return np.asarray(np.unique(names, return_inverse=True)[1])

    @property
    def answers(self) -> Answers:
        """The candidate's, and the baseline's where there is one."""
        runs = [p for p in (self.candidate, self.baseline) if p is not None]
        return Answers(runs, self.targets, self.groups)


def quality_evidence(answered: Answered, seed: int = 0
                     ) -> tuple[dict[str, Bounds], dict[str, Bounds]]:
    """The candidate's metrics, and candidate minus baseline, each where it is defined."""
    if not answered.sound.all():
        return {}, {}
    answers = answered.answers
    found = bootstrap(answers, RESAMPLES, seed)
    own, gaps = {}, {}
    by_class = np.bincount(answers.strata,
                           minlength=answered.candidate.shape[1]).tolist()
    for metric in METRICS:
        points, values = found.points[metric], found.values[metric]
        mine = metric_bounds(metric, float(points[0]), values[0], found.drawn, by_class)
        if mine is not None:
            own[metric] = mine.within(0.0, 1.0 if metric in BOUNDED else np.inf)
        if answered.baseline is None:
            continue
        gap = metric_bounds(metric, float(points[0]) - float(points[1]), values[0] - values[1],
                            found.drawn, by_class)
        if gap is not None:
            gaps[metric] = gap.within(-1.0, 1.0) if metric in BOUNDED else gap
    return own, gaps


def slice_evidence(answered: Answered, seed: int = 0) -> tuple[SliceDrop, ...]:
    """Every slice of the task, in the order of names; none without a baseline.

    The resamples are those of the whole: a slice is a domain of it, and the number of its items
    varies as it does from sample to sample.
    """
    names = sorted({(column, value) for e in answered.examples
                    for column, value in e.slices.items() if value.strip()})
    if answered.baseline is None or not names or not answered.sound.all():
        return ()
    inside = np.array([[e.slices.get(column) == value for e in answered.examples]
                       for column, value in names])
    right = [p.argmax(axis=1) == answered.targets for p in (answered.baseline, answered.candidate)]
    lost = inside * (right[0].astype(float) - right[1])
    drops = _shares(answered, lost, inside.astype(float), seed)
    return tuple(
        SliceDrop(column, value, int(mine.sum()),
                  Bounds(point, *_ends(answered, mine, point, values)))
        for (column, value), mine, point, values in zip(
            names, inside, lost.sum(axis=1) / inside.sum(axis=1), drops, strict=True))


def _shares(answered: Answered, lost: np.ndarray, inside: np.ndarray, seed: int) -> np.ndarray:
    """Items lost over items of each slice on the resamples: [slices, resamples]."""
    answers = answered.answers
    sums = np.zeros((2 * len(lost), answers.group_count))
    for row, values in enumerate((*lost, *inside)):
        np.add.at(sums[row], answers.groups, values)
    chunks = []
    for drawn in draws(answers.strata, RESAMPLES, seed):
        above, below = np.split(sums @ drawn, 2)
        chunks.append(np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0))
    return np.concatenate(chunks, axis=1)


def _ends(answered: Answered, mine: np.ndarray, point: float, values: np.ndarray
          ) -> tuple[float, float]:
    groups = len(np.unique(answered.groups[mine]))
    strata = len(np.unique(answered.targets[mine]))
    found = metric_bounds("accuracy", point, values, Drawn(groups, strata), ())
    if found is None:
        return -1.0, 1.0
    found = found.within(-1.0, 1.0)
    return found.low, found.high
