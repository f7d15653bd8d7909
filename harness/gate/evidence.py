"""What is known of a candidate, and of it against the baseline on the same items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from harness.compare.binned import DRAWS
from harness.compare.carried import carried
from harness.compare.jackknife import Estimates, jackknife, leave_out
from harness.compare.pairs import Sample, differences
from harness.gate.answered import Answered
from harness.gate.bounds import ONE_SIDED, Bounds, two_sided
from harness.measure.latency import PartFigures
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
class Held:
    """What a metric's margin may be a share of: the baseline's own figure, and by how much what is
    lost moves as it does (the slope of candidate minus baseline on the baseline, over groups)."""

    figure: Bounds
    slope: float


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
    held: Mapping[str, Held]
    """The baseline's own, of the same metrics."""
    slices: tuple[SliceDrop, ...]
    ratios: Mapping[str, Bounds | str]
    timing: str
    parts: Mapping[str, Mapping[str, PartFigures]]
    """Of the time that an answer about a picture takes, of `candidate` and `baseline`."""
    forgetting: Mapping[str, Bounds | str]
    """Share lost on general benchmarks against the untouched backbone, by what the policy names:
    a benchmark, or their mean."""
    merging: Bounds | str
    """Share of answers that are others once the candidate is merged."""
    artifact_bytes: int
    items: int
    unanswered: int
    """Items whose answer is none: then no metric is given at all."""


@dataclass(frozen=True)
class Quality:
    """Metrics of the candidate, of it minus the baseline, and of the baseline."""

    own: Mapping[str, Bounds]
    gaps: Mapping[str, Bounds]
    held: Mapping[str, Held]


def quality_evidence(answered: Answered, level: float = ONE_SIDED) -> Quality:
    """Each where it is defined, with one-sided bounds at a level."""
    if not answered.sound.all():
        return Quality({}, {}, {})
    answers, found = answered.answers, jackknife(answered.answers)
    own, gaps, held = {}, {}, {}
    for name, metric in found.metrics.items():
        mine = _own(found, metric, 0, level)
        if mine is None:
            continue
        own[name] = mine
        baseline = _own(found, metric, 1, level) if answered.compared else None
        if baseline is not None:
            gaps[name] = _gap(metric, found, answers, level)
            held[name] = Held(baseline, _slope(found.shifts[name]))
    return Quality(own, gaps, held)


def _own(found: Estimates, metric: Metric, place: int, level: float) -> Bounds | None:
    figure = found.figure(metric.name, [place], two_sided(level))
    return None if figure is None else _beyond_draws(metric, Bounds(
        figure.mean, figure.low, figure.high, _hangs(metric, found.shifts[metric.name][place],
                                                     found)), found, level)


def _beyond_draws(metric: Metric, told: Bounds, found: Estimates, level: float) -> Bounds:
    """Bounds of a calibration error are told by draws, which have no tail below one of them: at a
    stricter level they reach further by the ratio of Student's quantiles."""
    tail, least = 1 - level, 1 / DRAWS
    if metric.statistic is not Statistic.CALIBRATION or tail >= least:
        return told
    degrees = max(1.0, found.pool.effective(metric) - 1)
    further = float(student.isf(tail, degrees) / student.isf(least, degrees))
    return replace(told, low=told.value - further * (told.value - told.low),
                   high=told.value + further * (told.high - told.value))


def _slope(shifts: np.ndarray) -> float:
    """Of the first of two runs minus the second on the second, by what groups move them by: [2,
    groups]."""
    variance = float(shifts[1] @ shifts[1])
    return float((shifts[0] - shifts[1]) @ shifts[1]) / variance if variance > 0 else 0.0


def _gap(metric: Metric, found: Estimates, answers: Answers, level: float) -> Bounds:
    """The first of two runs minus the second, as a study has it."""
    points, shifts = found.points[metric.name], found.shifts[metric.name]
    shares = metric.statistic is Statistic.SHARE
    samples = [Sample(str(place), [float(points[place])], shifts[place],
                      run.right.astype(float) if shares else None,
                      ends=found.ends(metric.name, [place]),
                      pool=found.pool_of(metric.name, [place])
                      if metric.name in found.among else None)
               for place, run in enumerate(answers.runs)]
    (gap,) = differences(metric, samples, found.pool, two_sided(level)).values()
    return _beyond_draws(metric, Bounds(
        gap.difference, gap.low, gap.high, _hangs(metric, shifts[0] - shifts[1], found)), found,
        level)


def _hangs(metric: Metric, shifts: np.ndarray, found: Estimates) -> str:
    """What carries a log loss, where few groups do."""
    loss = metric.statistic is Statistic.LOSS
    few = carried(shifts, found.pool.effective(metric)) if loss else None
    return (f"{few.groups} of {few.of} groups of items carry {few.share:.0%} of its error"
            if few else "")


def slice_evidence(answered: Answered, judged: Metric, level: float = ONE_SIDED
                   ) -> tuple[SliceDrop, ...]:
    """Every slice of the task in a metric, in the order of names; none without a baseline."""
    names = sorted({(column, value) for e in answered.examples
                    for column, value in e.slices.items() if value.strip()})
    if not answered.compared or not answered.sound.all():
        return ()
    answers, found = answered.answers, []
    for column, value in names:
        inside = np.array([e.slices.get(column) == value for e in answered.examples])
        mine = answers.inside(inside)
        gap = _gap(judged, leave_out(mine, (judged,)), mine, level)
        found.append(SliceDrop(column, value, int(inside.sum()),
                               gap if judged.better == "lower" else gap.turned()))
    return tuple(found)
