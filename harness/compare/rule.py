"""A matching rule, as a report states it."""

from __future__ import annotations

from harness.measure.part import RecordPart


class Rule(RecordPart):
    """A rule, whether it held (None: not applicable here), and what shows it."""

    name: str
    says: str
    held: bool | None
    evidence: str
