"""A suite's studies one after another: what was recommended, and does it still stand?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.compare.pairs import Difference
from harness.compare.side_by_side import study_divergences
from harness.compare.summary import Summary
from harness.compare.uncertainty import Figure
from harness.compare.verdict import Answer, Outcome, Verdict
from harness.study.study import Study

State = Literal["recommended", "rival", "behind", "out", "no-result", "absent", "none"]
"""What the newest study says of what an older one recommended: the same; that the best is not
significantly better; that it is; that it breaks a limit or is not shown to keep it; that its runs
have no result; that it has no such method; or that nothing was recommended."""


@dataclass(frozen=True)
class Told:
    """A study as it was published."""

    study: Study
    summary: Summary
    verdict: Verdict
    commit: str | None = None
    """That brought it; None of a file that is not committed, or was not read from git."""


@dataclass(frozen=True)
class Choice:
    """What became of a recommendation, by the newest study."""

    state: State
    comparable: bool
    """Whether the newest study's figures continue this one's."""
    now: Figure | None = None
    """The method's figure in the newest study."""
    behind: Difference | None = None
    """By how much the newest study's best is better; None of the best itself."""


@dataclass(frozen=True)
class Moment:
    """A study in its place."""

    at: str
    """When it was made: UTC, ISO 8601."""
    commit: str | None
    profile: str
    runs: int
    items: int
    groups: int
    metric: str
    outcome: Outcome
    answer: Answer | None
    recommended: str | None
    between: tuple[str, ...]
    """What it is undecided between."""
    rivals: tuple[str, ...]
    """Beside the recommended one."""
    figures: Mapping[str, Figure]
    """Of every method, in the deciding metric, best first."""
    breaks: tuple[str, ...]
    """Why its figures are no continuation of the study's before; none where they are."""
    differs: tuple[str, ...]
    """What else is not the same as in the study before: figures may move by it."""
    segment: int
    """Number from 0 of the line of comparable studies that it belongs to."""
    choice: Choice

    @property
    def figure(self) -> Figure | None:
        """Of the recommended method."""
        return self.figures.get(self.recommended or "")


def over_time(found: Sequence[Told]) -> tuple[Moment, ...]:
    """The studies of one suite, oldest first, each beside the one before and the newest."""
    moments: list[Moment] = []
    segments = _segments(found)
    for place, told in enumerate(found):
        before = found[place - 1] if place else None
        moments.append(_moment(told, before, segments[place], found[-1],
                               segments[place] == segments[-1]))
    return tuple(moments)


def breaks(first: Told, second: Told) -> tuple[str, ...]:
    """Why the figures of two studies cannot stand on one line; none where they can."""
    one, other = first.study, second.study
    reasons = {
        "other data or splits": one.data.splits_sha256 != other.data.splits_sha256,
        "other classes": one.labels != other.labels,
        "decided by another metric": first.summary.metric != second.summary.metric,
        f"{second.summary.common_items} common test items, not {first.summary.common_items}":
            first.summary.common_items != second.summary.common_items,
        _budget(first, second): one.budget != other.budget}
    return tuple(words for words, holds in reasons.items() if holds)


def _budget(first: Told, second: Told) -> str:
    one, other = first.study.budget, second.study.budget
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return "another budget: " + ", ".join(names)


def _segments(found: Sequence[Told]) -> list[int]:
    numbers = [0] * len(found)
    for place in range(1, len(found)):
        numbers[place] = numbers[place - 1] + bool(breaks(found[place - 1], found[place]))
    return numbers


def _moment(told: Told, before: Told | None, segment: int, newest: Told, comparable: bool
            ) -> Moment:
    study, summary, verdict = told.study, told.summary, told.verdict
    return Moment(
        at=study.created, commit=told.commit, profile=study.profile, runs=len(study.records),
        items=summary.common_items, groups=summary.groups, metric=summary.metric,
        outcome=verdict.outcome, answer=verdict.answer, recommended=verdict.recommended,
        between=verdict.between,
        rivals=tuple(r.name for r in verdict.rivals if r.name != verdict.recommended),
        figures={row.name: row.common[summary.metric] for row in summary.rows
                 if summary.metric in row.common},
        breaks=breaks(before, told) if before else (),
        differs=_differs(before, told) if before else (), segment=segment,
        choice=_choice(verdict.recommended, newest, comparable))


def _differs(before: Told, told: Told) -> tuple[str, ...]:
    """What is told apart beside what a study's own file says of when it was made."""
    found = study_divergences(before.study, told.study)
    budget = tuple(f"budget: {name}" for name in before.study.budget)
    return tuple(one.what for one in found if one.what not in budget)


def _choice(name: str | None, newest: Told, comparable: bool) -> Choice:
    if name is None:
        return Choice("none", comparable)
    verdict, summary = newest.verdict, newest.summary
    row = next((row for row in summary.rows if row.name == name), None)
    if row is None:
        return Choice("absent", comparable)
    figure = row.common.get(summary.metric)
    return Choice(_state(name, figure, verdict), comparable, figure, row.behind)


def _state(name: str, figure: Figure | None, verdict: Verdict) -> State:
    if figure is None:
        return "no-result"
    if name == verdict.recommended:
        return "recommended"
    if name in {breach.name for breach in (*verdict.ruled_out, *verdict.unproven)}:
        return "out"
    return "rival" if name in {rival.name for rival in verdict.rivals} else "behind"
