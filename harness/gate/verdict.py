"""The gate's verdict: what came of all checks, and which items changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from harness.common.now import now
from harness.common.text import excerpt
from harness.gate.answered import Answered
from harness.gate.baseline import Approval, Baseline
from harness.gate.bounds import ONE_SIDED, Bounds
from harness.gate.candidate import Candidate
from harness.gate.checks import Check, State, check_all
from harness.gate.evidence import Evidence
from harness.measure.latency import PartFigures
from harness.measure.part import RecordPart
from harness.study.record import Environment
from harness.study.tables import unread_notes
from harness.suite import Gate, LoadedSuite
from harness.suite.gate import Tier
from harness.tasks.examples import PartName
from harness.tasks.task import Task

SCHEMA_VERSION = 3
TEXT = 600
"""Characters of an item's text that are kept."""
Outcome = Literal["passed", "failed", "cannot-say", "looked"]
"""`looked` is no verdict, whatever was seen."""
EXIT_CODES: dict[Outcome, int] = {"passed": 0, "failed": 1, "cannot-say": 2, "looked": 3}


class Range(RecordPart):
    """A figure with its one-sided bounds."""

    value: float
    low: float
    high: float


class Subject(RecordPart):
    """The candidate. No path of this machine."""

    name: str
    run_id: str | None
    sha256: str
    artifact_bytes: int
    base: str | None
    base_sha256: str | None
    notes: tuple[str, ...] = ()
    """How its folder is read, where a reader of the figures must know."""


class Against(RecordPart):
    """The baseline it was compared with."""

    name: str
    run_id: str
    sha256: str
    """Of the baseline's file content."""
    approval: Approval


class Attempt(RecordPart):
    """Which of the attempts against the baseline this one is."""

    number: int
    """From 1; the same candidate under the same policy has one."""
    limit: int
    alpha: float
    """The chance of a wrong pass that it may have: its bounds are at 1 less this."""
    spent: float
    """That it and all before it may have together."""
    kept: bool = False
    """Whether it was answered before, and this is that answer."""


class MetricFigures(RecordPart):
    """A metric of both on the same items; candidate minus baseline."""

    candidate: Range | None
    baseline: float | None
    difference: Range | None


class SliceFigures(RecordPart):
    """By how much the candidate is worse on a slice, in the result's `sliced_by`."""

    column: str
    value: str
    items: int
    drop: Range


class ChangedItem(RecordPart):
    """An item that one of the two answered right and the other wrong."""

    item: str
    text: str
    target: str
    baseline: str
    candidate: str


class GateResult(RecordPart):
    """Everything the gate found; `gate.json`."""

    schema_version: int = SCHEMA_VERSION
    suite: str
    profile: str
    suite_sha256: str
    splits_sha256: str
    created: str
    """UTC, ISO 8601."""
    outcome: Outcome
    policy: Gate
    candidate: Subject
    baseline: Against | None
    attempt: Attempt | None = None
    """None where attempts are not counted."""
    part: PartName = "test"
    """Of the data, whose items were asked."""
    items: int
    groups: int
    checks: tuple[Check, ...]
    metrics: dict[str, MetricFigures]
    sliced_by: str = "accuracy"
    """The metric that slices are judged by."""
    slices: tuple[SliceFigures, ...]
    parts_ms: dict[str, dict[str, PartFigures]] = Field(default_factory=dict)
    """Of pictures, of `candidate` and `baseline`: milliseconds of decoding, of resizing, and of the
    model. Parts of what the limits of latency are of."""
    broken: tuple[ChangedItem, ...]
    """Right before, wrong now. None where no answer is simply right or wrong, and none of the
    gate's items, which are named nowhere."""
    mended: tuple[ChangedItem, ...]
    environment: Environment
    seconds: float

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 2 cannot say; 3 looked, whatever was seen."""
        return EXIT_CODES[self.outcome]

    @property
    def level(self) -> float:
        """Of its one-sided bounds."""
        return level_of(self.attempt)

    def of_tier(self, tier: Tier) -> tuple[Check, ...]:
        """The checks of one tier."""
        return tuple(c for c in self.checks if c.tier == tier)

    def by_state(self, tier: Tier, *states: State) -> tuple[Check, ...]:
        """The checks of a tier in these states."""
        return tuple(c for c in self.of_tier(tier) if c.state in states)


def level_of(attempt: Attempt | None) -> float:
    """Of one-sided bounds: 95% where attempts are not counted."""
    return ONE_SIDED if attempt is None else 1 - attempt.alpha


def fails(check: Check, policy: Gate) -> bool:
    """Whether a check alone makes the model fail: it is of a rule that it must keep, and the policy
    says what doubt means."""
    return check.tier == "must" and {"failed": True, "undecided": policy.undecided == "fail",
            "missing": policy.missing == "fail"}.get(check.state, False)


def outcome_of(checks: Sequence[Check], policy: Gate) -> Outcome:
    """Of the rules that it must keep: failed where any failed, or could not be decided and the
    policy says that fails."""
    must = [c for c in checks if c.tier == "must"]
    if any(fails(c, policy) for c in must):
        return "failed"
    return "passed" if must and all(c.state == "passed" for c in must) else "cannot-say"


@dataclass(frozen=True)
class Terms:
    """On which a candidate is judged: the part of the data, the attempt that it is, and whether it
    is only looked at."""

    part: PartName
    attempt: Attempt | None = None
    what_if: bool = False


def judge(loaded: LoadedSuite, policy: Gate, candidate: Candidate, baseline: Baseline | None,
          answered: Answered, evidence: Evidence, task: Task, terms: Terms,
          environment: Environment, seconds: float) -> GateResult:
    """The verdict with all of its evidence; of the gate's items with the outcome alone, unless the
    policy reveals their figures. What they leave undecided then is a failure as any other."""
    checks, secret = check_all(policy, evidence), terms.part == "gate"
    broken, mended = ((), ()) if secret else changed_items(answered, task.labels)
    secret = secret and policy.reveals == "outcome"
    strict = policy.model_copy(update={"undecided": "fail"}) if secret else policy
    unread = unread_notes(evidence.kind, answered.unread, len(answered.examples))
    return GateResult(
        suite=loaded.suite.name, profile=loaded.profile, suite_sha256=loaded.digest,
        splits_sha256=task.splits.sha256, policy=policy,
        outcome="looked" if terms.what_if else outcome_of(checks, strict),
        created=now(),
        candidate=_subject(candidate, unread), baseline=_against(baseline),
        attempt=terms.attempt, part=terms.part,
        sliced_by=evidence.sliced.name,
        items=len(answered.examples), groups=len({e.group for e in answered.examples}),
        checks=tuple(c.withheld if secret and c.of_items else c for c in checks),
        metrics={} if secret else _figures(evidence),
        slices=() if secret else tuple(SliceFigures(column=s.column, value=s.value, items=s.items,
                                  drop=_range(s.drop)) for s in evidence.slices),
        parts_ms={name: dict(own) for name, own in evidence.parts.items()},
        broken=broken, mended=mended, environment=environment, seconds=seconds)


def changed_items(answered: Answered, labels: Sequence[str]
                  ) -> tuple[tuple[ChangedItem, ...], tuple[ChangedItem, ...]]:
    """Items newly broken and newly mended, in the test split's order."""
    answers = answered.answers
    if not answered.compared or answers.kind.right is None:
        return (), ()
    right, was = answers.run(0).right & answered.sound, answers.run(1).right
    (now, before), targets = answers.said(labels)

    def items(chosen: np.ndarray) -> tuple[ChangedItem, ...]:
        return tuple(
            ChangedItem(item=e.id, text=excerpt(e.brief, TEXT), target=targets[i],
                        baseline=before[i],
                        candidate=now[i] if answered.sound[i] else "no answer")
            for i in np.flatnonzero(chosen) for e in (answered.examples[i],))

    return items(was & ~right), items(right & ~was)


def _figures(evidence: Evidence) -> dict[str, MetricFigures]:
    found = {}
    for metric, mine in evidence.own.items():
        gap = evidence.gaps.get(metric)
        found[metric] = MetricFigures(
            candidate=_range(mine), baseline=mine.value - gap.value if gap else None,
            difference=_range(gap) if gap else None)
    return found


def _range(bounds: Bounds) -> Range:
    return Range(value=bounds.value, low=bounds.low, high=bounds.high)


def _subject(candidate: Candidate, more: tuple[str, ...]) -> Subject:
    return Subject(
        name=candidate.name, sha256=candidate.sha256, artifact_bytes=candidate.artifact_bytes,
        run_id=candidate.record.identity.run_id if candidate.record else None,
        base=candidate.base.name if candidate.base else None,
        base_sha256=candidate.base.sha256 if candidate.base else None,
        notes=(*candidate.notes, *more))


def _against(baseline: Baseline | None) -> Against | None:
    return None if baseline is None else Against(
        name=baseline.name, run_id=baseline.record.identity.run_id, sha256=baseline.sha256,
        approval=baseline.approval)

