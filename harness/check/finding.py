"""One thing that a check found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness.common.text import excerpt, plain
from harness.measure.part import RecordPart
from harness.tasks.examples import Example

Severity = Literal["error", "warning", "note"]
ORDER: tuple[Severity, ...] = ("error", "warning", "note")
SHOWN, LENGTH = 3, 80


class Finding(RecordPart):
    """`error` stops a run, `warning` goes into the report, `note` is worth knowing."""

    severity: Severity
    check: str
    found: str
    count: int
    """Items, classes or columns that it is about."""
    examples: tuple[str, ...] = ()
    suggestion: str


def shown(examples: Sequence[Example]) -> tuple[str, ...]:
    """The first few texts, short and on one line."""
    return tuple(f"{e.id}: {brief(e)}" for e in examples[:SHOWN])


def brief(example: Example) -> str:
    """The beginning of an item's text on one line."""
    return excerpt(" ".join(plain(example.brief).split()), LENGTH)
