"""Figures by slice, the gap between slices, and whether adapting a backbone widened it.

Figures are means over seeds; intervals are the jackknife's over groups, as everywhere. A method is
held against what the same backbone did before its weights were touched, on the same items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.compare.arms import Arm, Measured, Predictions
from harness.compare.by_slice import (
    Base,
    Column,
    Sliced,
    base,
    measure_slices,
    slice_columns,
)
from harness.compare.gaps import Moved, Profile, Trust, gap_change, gap_interval
from harness.compare.pairs import ALPHA, holm
from harness.compare.uncertainty import Figure, figure
from harness.measure.part import RecordPart
from harness.targets.answers import Answers, sliced
from harness.targets.metric import Metric
from harness.targets.metrics import SELECTION_RATE

UNTUNED = ("zero-shot", "few-shot", "features", "knn", "rag", "tfidf", "majority")
"""What a method is held against: the first of these on its backbone, else of no backbone.

First the untouched model asked, without and with examples; then a head or neighbours on its
frozen features, which learn from the same labels and leave the representation as it is; last the
floors, which tell what the data alone brings about and nothing of the backbone.
"""
UNJUDGED = SELECTION_RATE
MOST_SLICES = 10
"""The largest ones: more can neither be corrected for nor read."""
Answer = Literal["amplifies", "reduces", "cannot tell"]


class SliceSize(RecordPart):
    """A value of a slice column on the common items."""

    value: str
    items: int
    groups: int
    enough: bool
    """Whether figures of it are given; else it is too small to tell."""


class Gap(RecordPart):
    """Between the slices with the lowest and the highest figure."""

    lowest: str
    highest: str
    worst: str | None
    """The one of the two that is worse off; None where neither end is better."""
    difference: float
    low: float
    high: float
    """95% interval, which counts with the two being picked among all."""
    ratio: float | None
    """Lowest over highest; None where the highest is 0."""


class Change(RecordPart):
    """A method's gap minus that of its reference, paired on items."""

    difference: float
    low: float
    high: float
    """95% interval, before the correction over methods."""
    p_value: float
    adjusted: float | None
    """After Holm's correction over every judged change of the study; None where not judged."""
    answer: Answer | None
    """None for the selection rate: a model that is right selects as often as slices differ."""


class MethodSlices(RecordPart):
    """A method over the slices of one column."""

    name: str
    reference: str | None
    """The method it is held against; None where it is the one, or has no backbone."""
    figures: dict[str, dict[str, Figure]]
    """Measure to slice to figure; without the slices too small for the measure."""
    gaps: dict[str, Gap]
    changes: dict[str, Change]
    answer: Answer | None
    """Amplifies where any measure does, else reduces where any does; None without a change."""


class SliceColumn(RecordPart):
    """A slice column: its values, largest first, and every method with a result."""

    name: str
    slices: tuple[SliceSize, ...]
    without: int
    """Items that have no value."""
    left_out: int
    """Slices beyond the ten largest that are large enough, not compared."""
    methods: tuple[MethodSlices, ...]


class Fairness(RecordPart):
    """Every slice column on the items that all methods answered."""

    columns: tuple[SliceColumn, ...]
    positive: str | None
    """The class that is selected: the second of two; None where there are more."""
    tests: int
    """Judged changes that the correction is over."""


@dataclass(frozen=True)
class _Runs:
    """An arm, its row among the slices' arms, and the places of its seeds among the runs."""

    arm: Arm
    row: int
    places: list[int]


@dataclass(frozen=True)
class _Slice:
    """One slice with its figures."""

    value: str
    bases: dict[str, Base]
    found: Sliced


def fairness(arms: Sequence[Arm], measured: Measured, labels: Sequence[str],
             predictions: Predictions) -> Fairness | None:
    """Compare methods by slice; None where no slice column has a value, or no arm has a result.

    `arms` are at the whole budget; `predictions` gives the table of a run.
    """
    able, answers = [arm for arm in arms if arm.done], measured.answers
    if not able:
        return None
    table = predictions(able[0].done[0].identity.run_id)
    columns = [c for c in slice_columns(table, measured.items) if c.values]
    if not columns:
        return None
    runs = [_Runs(arm, row, [measured.place[r.identity.run_id] for r in arm.done])
            for row, arm in enumerate(able)]
    sizes = [_sizes(answers, column) for column in columns]
    chosen = [[s.value for s in each if s.enough][:MOST_SLICES] for each in sizes]
    slices = _measured(answers, runs, columns, chosen)
    made = tuple(
        SliceColumn(name=column.name, slices=each, without=int((column.place < 0).sum()),
                    left_out=sum(s.enough for s in each) - len(values),
                    methods=_methods(answers, runs, own))
        for column, each, values, own in zip(columns, sizes, chosen, slices, strict=True))
    return _corrected(Fairness(columns=made, tests=0,
                               positive=labels[1] if UNJUDGED in sliced(answers) else None))


def reference(arm: Arm, arms: Sequence[Arm]) -> Arm | None:
    """The untuned arm that an arm is held against, as `UNTUNED` has it; the first of equals.

    None for that arm itself, and for one without a backbone.
    """
    if arm.backbone is None:
        return None
    untuned = [a for a in arms if a.done and a.records[0].identity.inner is None
               and a.backbone in (arm.backbone, None)
               and a.records[0].identity.method in UNTUNED]
    first = min(untuned, default=None,
                key=lambda a: UNTUNED.index(a.records[0].identity.method))
    return None if first is arm else first


def _sizes(answers: Answers, column: Column) -> tuple[SliceSize, ...]:
    """Largest first, then by name."""
    found = [(value, base(answers, column.place == i, None))
             for i, value in enumerate(column.values)]
    return tuple(SliceSize(value=value, items=b.items, groups=b.groups, enough=b.enough)
                 for value, b in sorted(found, key=lambda pair: (-pair[1].items, pair[0])))


def _measured(answers: Answers, runs: Sequence[_Runs], columns: Sequence[Column],
              chosen: Sequence[Sequence[str]]) -> list[list[_Slice]]:
    """The chosen slices of every column."""
    names = [(c, value) for c, values in zip(columns, chosen, strict=True) for value in values]
    inside = [column.place == column.values.index(value) for column, value in names]
    found = measure_slices(answers, [r.places for r in runs], inside)
    made = [_Slice(value, {metric.name: base(answers, mask, metric.among)
                           for metric in sliced(answers)}, own)
            for (_, value), mask, own in zip(names, inside, found, strict=True)]
    ends = np.cumsum([len(values) for values in chosen])
    return [made[end - len(values):end] for end, values in zip(ends, chosen, strict=True)]


def _methods(answers: Answers, runs: Sequence[_Runs], slices: Sequence[_Slice]
             ) -> tuple[MethodSlices, ...]:
    """Every arm over the slices of one column; changes are not yet corrected."""
    arms = [r.arm for r in runs]
    able = {metric: [s for s in slices if s.bases[metric.name].enough]
            for metric in sliced(answers)}
    made = []
    for own_runs in runs:
        against = reference(own_runs.arm, arms)
        figures = {metric.name: {s.value: _figure(s, metric, own_runs) for s in own}
                   for metric, own in able.items() if own}
        gaps, changes = {}, {}
        for metric, own in able.items():
            if not _comparable(metric, own):
                continue
            trust = Trust(metric, [s.bases[metric.name] for s in own])
            profile = _profile(own, metric.name, own_runs)
            gaps[metric.name] = _gap([s.value for s in own], metric, profile,
                                     gap_interval(profile, trust))
            if against is not None:
                theirs = _profile(own, metric.name, runs[arms.index(against)])
                changes[metric.name] = _change(gap_change(profile, theirs, trust))
        made.append(MethodSlices(
            name=own_runs.arm.name, reference=against.name if against else None,
            figures=figures, gaps=gaps, changes=changes, answer=None))
    return tuple(made)


def _comparable(metric: Metric, slices: Sequence[_Slice]) -> bool:
    """Whether there is a gap: a mean over other classes is another figure."""
    same = not metric.by_class or len({s.bases[metric.name].classes for s in slices}) == 1
    return len(slices) > 1 and same


def _profile(slices: Sequence[_Slice], name: str, runs: _Runs) -> Profile:
    return Profile(np.stack([s.found.points[name][runs.places] for s in slices], axis=1),
                   np.stack([s.found.shifts[name][runs.row] for s in slices]))


def _figure(found: _Slice, metric: Metric, runs: _Runs) -> Figure:
    """A figure whose interval does not shrink to a point where all groups agree."""
    name = metric.name
    return figure(metric, found.found.points[name][runs.places].tolist(),
                  found.found.shifts[name][runs.row], found.bases[name].pool)


def _gap(names: Sequence[str], metric: Metric, profile: Profile, ends: tuple[float, float]) -> Gap:
    """Between the slices of these names; of equals the first by name."""
    by_slice = dict(sorted(zip(names, profile.mean.tolist(), strict=True)))
    lowest, highest = (of(by_slice, key=by_slice.__getitem__) for of in (min, max))
    worst = {"higher": lowest, "lower": highest, "neither": None}[metric.better]
    least, most = by_slice[lowest], by_slice[highest]
    return Gap(lowest=lowest, highest=highest, worst=worst, difference=most - least, low=ends[0],
               high=ends[1], ratio=least / most if most > 0 else None)


def _change(moved: Moved) -> Change:
    answer: Answer = "amplifies" if moved.p_rise < moved.p_fall else "reduces"
    return Change(difference=moved.difference, low=moved.low, high=moved.high,
                  p_value=moved.p_value, adjusted=None, answer=answer)


def _corrected(found: Fairness) -> Fairness:
    """With Holm's correction over all judged changes, and the answers that are left by it."""
    judged = {(method.name, column.name, name): change.p_value for column in found.columns
              for method in column.methods for name, change in method.changes.items()
              if name != UNJUDGED.name}
    adjusted = dict(zip(judged, holm(np.array(list(judged.values()))).tolist(), strict=True))

    def method_corrected(column: str, method: MethodSlices) -> MethodSlices:
        changes = {name: _answered(change, adjusted.get((method.name, column, name)))
                   for name, change in method.changes.items()}
        return method.model_copy(update={"changes": changes, "answer": _together(changes)})

    columns = tuple(column.model_copy(update={"methods": tuple(
        method_corrected(column.name, method) for method in column.methods)})
        for column in found.columns)
    return found.model_copy(update={"columns": columns, "tests": len(judged)})


def _answered(change: Change, adjusted: float | None) -> Change:
    answer = change.answer
    if adjusted is None:
        answer = None
    elif adjusted >= ALPHA:
        answer = "cannot tell"
    return change.model_copy(update={"adjusted": adjusted, "answer": answer})


def _together(changes: dict[str, Change]) -> Answer | None:
    answers = {change.answer for change in changes.values()}
    ordered: tuple[Answer, ...] = ("amplifies", "reduces", "cannot tell")
    return next((answer for answer in ordered if answer in answers), None)
