"""What is known of a candidate, and of it against the baseline on the same items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.compare.carried import carried
from harness.compare.jackknife import Estimates, jackknife, leave_out
from harness.compare.pairs import Sample, differences
from harness.gate.answered import Answered
from harness.gate.bounds import TWO_SIDED, Bounds
from harness.targets.answers import Answers
from harness.targets.kinds import TargetKind
from harness.targets.metric import Metric, Statistic


@dataclass(frozen=True)
class SliceDrop:
    """By how much the candidate is worse than the baseline on the items with one value of one
    column, in the metric that slices are judged by."""

    column: str
    value: str
    items: int
    drop: Bounds


@dataclass(frozen=True)
class Evidence:
    """Everything a policy may ask. A string stands for a figure that could not be had: why."""

    kind: TargetKind
    sliced: Metric
    """What slices are judged by."""
    own: Mapping[str, Bounds]
    """Metrics of the candidate that are defined."""
    gaps: Mapping[str, Bounds]
    """Candidate minus baseline, paired; empty without a baseline."""
    slices: tuple[SliceDrop, ...]
    ratios: Mapping[str, Bounds | str]
    timing: str
    forgetting: Mapping[str, Bounds | str]
    """Share lost on general benchmarks against the untouched backbone, by what the policy names:
    a benchmark, or their mean."""
    merging: Bounds | str
    """Share of answers that are others once the candidate is merged."""
    artifact_bytes: int
    items: int
    unanswered: int
    """Items whose answer is none: then no metric is given at all."""


def quality_evidence(answered: Answered) -> tuple[dict[str, Bounds], dict[str, Bounds]]:
    """The candidate's metrics, and candidate minus baseline, each where it is defined."""
    if not answered.sound.all():
        return {}, {}
    answers = answered.answers
    found, own, gaps = jackknife(answers), {}, {}
    for name, metric in found.metrics.items():
        mine = found.figure(name, [0], TWO_SIDED)
        if mine is None:
            continue
        own[name] = Bounds(mine.mean, mine.low, mine.high,
                           _hangs(metric, found.shifts[name][0], found))
        if answered.compared and np.isfinite(found.points[name]).all():
            gaps[name] = _gap(metric, found, answers)
    return own, gaps


def _gap(metric: Metric, found: Estimates, answers: Answers) -> Bounds:
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


def slice_evidence(answered: Answered, judged: Metric) -> tuple[SliceDrop, ...]:
    """Every slice of the task in a metric, in the order of names; none without a baseline."""
    names = sorted({(column, value) for e in answered.examples
                    for column, value in e.slices.items() if value.strip()})
    if not answered.compared or not answered.sound.all():
        return ()
    answers, found = answered.answers, []
    for column, value in names:
        inside = np.array([e.slices.get(column) == value for e in answered.examples])
        mine = answers.inside(inside)
        gap = _gap(judged, leave_out(mine, (judged,)), mine)
        found.append(SliceDrop(column, value, int(inside.sum()),
                               gap if judged.better == "lower" else gap.turned()))
    return tuple(found)
