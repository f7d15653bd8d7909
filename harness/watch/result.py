"""What a watch found, as it is written. No text of an item stands in it."""

from __future__ import annotations

from typing import Literal

from harness.common.kinds import Input
from harness.gate.verdict import Against
from harness.measure.part import RecordPart
from harness.study.record import Environment
from harness.suite import Watch

SCHEMA_VERSION = 1
Outcome = Literal["nothing-found", "drift", "cannot-say"]
EXIT_CODES: dict[Outcome, int] = {"nothing-found": 0, "drift": 1, "cannot-say": 2}
State = Literal["nothing", "drift", "not-asked"]
Name = Literal["texts", "pictures", "answers", "beyond-window", "sizes", "brightness",
               "estimated-drop", "empty", "unreadable", "duplicates", "unanswered",
               "labelled-drop"]


class Check(RecordPart):
    """One thing that is looked at. Shares lie in [0, 1]."""

    name: Name
    says: str
    """For people: what `value` is."""
    state: State
    value: float | None = None
    low: float | None = None
    """With `high` its 95% interval, where it has one; of labelled items at all times at once."""
    high: float | None = None
    limit: float | None = None
    """Below it nothing is found; of shares of the rows, and of labelled items, at most it."""
    p_value: float | None = None
    adjusted: float | None = None
    """After Holm's correction over the day's tests."""
    over_days: bool | None = None
    """Whether it would be found at the level that is left for this day, if all days together were
    to have the level of one: what none of them calls drift falsely but with that chance."""
    about: str = ""
    """What else a reader must know; why it was not asked."""


class ClassShare(RecordPart):
    """A class's share of the answers; `difference` is now less before, with its 95% interval."""

    name: str
    before: float
    now: float
    difference: float
    low: float
    high: float


class Estimate(RecordPart):
    """The share right that confidence tells, with 95% intervals."""

    by: str
    value: float
    low: float
    high: float
    drop: float
    """The approved run's share less this one."""
    drop_low: float
    drop_high: float


class Labelled(RecordPart):
    """All labelled items since the approval, whatever the number of looks."""

    unit: Literal["items", "groups"]
    """What counts as one."""
    new: int
    """Units of this table."""
    known: int
    """Units of it that were counted on an earlier day."""
    units: int
    right: float
    share: float
    low: float
    """With `high` a confidence sequence of the share right, as if it were the same on all days.
    Half of the level is its, half the approved figure's, so that their difference has the level.
    """
    high: float
    approved: float
    approved_low: float
    approved_high: float
    least: float
    """The share right that it may fall to: the approved figure's lower bound less the policy's
    drop."""
    evidence: float
    """That it is below `least` since some day; 1 where nothing speaks for it."""
    needed: float
    """Evidence that is drift."""


class WatchResult(RecordPart):
    """Everything that was found of one table."""

    schema_version: int = SCHEMA_VERSION
    suite: str
    profile: str
    created: str
    """UTC, ISO 8601."""
    outcome: Outcome
    policy: Watch
    baseline: Against
    look: int
    """How many different tables the approved model was watched on, with this one."""
    rows: int
    input: Input = "text"
    """What its items are."""
    items: int
    """Different ones."""
    groups: int
    approved_items: int
    vectors: str
    """What made vectors of the items."""
    checks: tuple[Check, ...]
    classes: tuple[ClassShare, ...] = ()
    estimates: tuple[Estimate, ...] = ()
    approved_right: float | None = None
    """The approved run's share right on its own items; None where no answer is simply right."""
    labelled: Labelled | None = None
    notes: tuple[str, ...] = ()
    environment: Environment
    seconds: float

    @property
    def exit_code(self) -> int:
        """0 nothing found, 1 drift, 2 cannot say."""
        return EXIT_CODES[self.outcome]
