"""What is known of a candidate, and of it against the baseline on the same items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.compare.carried import carried
from harness.compare.jackknife import Estimates, jackknife, leave_out
from harness.compare.pairs import Sample, differences
from harness.gate.bounds import TWO_SIDED, Bounds
from harness.targets.classification import ClassificationAnswers
from harness.targets.metric import Metric, Statistic
from harness.targets.metrics import ACCURACY
from harness.tasks.examples import Example, weights_of

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
    def answers(self) -> ClassificationAnswers:
        """The candidate's, and the baseline's where there is one."""
        runs = [p for p in (self.candidate, self.baseline) if p is not None]
        return ClassificationAnswers(runs, self.targets, self.groups, self.weights)

    @property
    def weights(self) -> np.ndarray | None:
        """Of each item, [items]; None where all count alike."""
        return weights_of(self.examples)


def quality_evidence(answered: Answered) -> tuple[dict[str, Bounds], dict[str, Bounds]]:
    """The candidate's metrics, and candidate minus baseline, each where it is defined."""
    if not answered.sound.all():
        return {}, {}
    answers = answered.answers
    found, own, gaps = jackknife(answers), {}, {}
    for name, metric in found.metrics.items():
        mine = found.figure(name, [0], TWO_SIDED)
        if mine is None or not np.isfinite(found.points[name]).all():
            continue
        own[name] = Bounds(mine.mean, mine.low, mine.high,
                           _hangs(metric, found.shifts[name][0], found))
        if answered.baseline is not None:
            gaps[name] = _gap(metric, found, answers)
    return own, gaps


def _gap(metric: Metric, found: Estimates, answers: ClassificationAnswers) -> Bounds:
    """The first of two runs minus the second, as a study has it."""
    points, shifts = found.points[metric.name], found.shifts[metric.name]
    shares = metric.statistic is Statistic.SHARE
    samples = [Sample(str(place), [float(points[place])], shifts[place],
                      run.right.astype(float) if shares else None,
                      ends=found.ends(metric.name, [place]))
               for place, run in enumerate(answers.runs)]
    (gap,) = differences(metric, samples, found.pool, TWO_SIDED).values()
    return Bounds(gap.difference, gap.low, gap.high,
                  _hangs(metric, shifts[0] - shifts[1], found))


def _hangs(metric: Metric, shifts: np.ndarray, found: Estimates) -> str:
    """What carries a log loss, where few groups do."""
    loss = metric.statistic is Statistic.LOSS
    few = carried(shifts, found.pool.effective(metric)) if loss else None
    return (f"{few.groups} of {few.of} groups of items carry {few.share:.0%} of its error"
            if few else "")


def slice_evidence(answered: Answered) -> tuple[SliceDrop, ...]:
    """Every slice of the task, in the order of names; none without a baseline."""
    names = sorted({(column, value) for e in answered.examples
                    for column, value in e.slices.items() if value.strip()})
    if answered.baseline is None or not answered.sound.all():
        return ()
    answers, found = answered.answers, []
    for column, value in names:
        inside = np.array([e.slices.get(column) == value for e in answered.examples])
        mine = answers.inside(inside)
        gap = _gap(ACCURACY, leave_out(mine, (ACCURACY,)), mine)
        found.append(SliceDrop(column, value, int(inside.sum()), gap.turned()))
    return tuple(found)
