"""A matching rule, as a report states it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from harness.measure.part import RecordPart
from harness.study.record import Record

V = TypeVar("V", bound=Hashable)

NAMED = 6
"""What breaks a rule is named so often; the rest is counted."""


class Rule(RecordPart):
    """A rule, whether it held (None: not applicable here, or not recorded), and what shows it."""

    name: str
    says: str
    held: bool | None
    evidence: str


def judged(name: str, says: str, broken: Iterable[str], evidence: str, unknown: str | None = None
           ) -> Rule:
    """A rule that is broken by what is `broken`, is None where something is `unknown`, and else
    held by the evidence."""
    found = list(dict.fromkeys(broken))
    if found:
        more = f"; and {len(found) - NAMED} more" if len(found) > NAMED else ""
        return Rule(name=name, says=says, held=False,
                    evidence=f"Not so: {'; '.join(found[:NAMED])}{more}.")
    return Rule(name=name, says=says, held=None if unknown else True,
                evidence=unknown or evidence)


def unlike(found: Iterable[tuple[Hashable, V, Record]]) -> Iterator[dict[V, Record]]:
    """Where runs of one key, which should have one value, have several: by value the first run."""
    values: dict[Hashable, dict[V, Record]] = defaultdict(dict)
    for key, value, record in found:
        values[key].setdefault(value, record)
    yield from (each for each in values.values() if len(each) > 1)


def run_name(record: Record) -> str:
    """A run, as evidence names it: method, backbone and seed."""
    return f"{record.identity.name}, seed {record.identity.seed}"
