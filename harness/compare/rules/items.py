"""Same items: what runs answered, held against the test items that the study drew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import pyarrow as pa

from harness.compare.rule import Rule, judged, run_name
from harness.study.answered import answered_sha256
from harness.study.record import Record
from harness.study.study import Study

Answered = tuple[tuple[str, str], ...]
"""Id and target of each item, in the order in which they were answered."""


def same_items(study: Study, done: Sequence[Record], tables: Mapping[str, pa.Table]) -> Rule:
    """Every run answered, once and in their order, the test items that its budget allows; and its
    splits are of one content, disjoint in texts and groups."""
    answered = {r.identity.run_id: _answered(tables[r.identity.run_id]) for r in done}
    sizes = sorted({len(items) for items in answered.values()})
    broken = [*_of_data(study, done), *_nested(list(answered.values())),
              *(f"{run_name(record)}: {fault}" for record in done
                for fault in _faults(study, record, answered[record.identity.run_id]))]
    return judged(
        "Same items", "Splits are drawn once, by group; no group or text stands in two of them; "
        "the test items are read once a run.", broken,
        f"Splits {study.data.splits_sha256[:12]}: disjoint in texts and groups. Runs answered "
        f"{' and '.join(map(str, sizes)) or 'no'} test items, by id, order and target those that "
        "were drawn" + (", the smaller sample inside the larger." if len(sizes) > 1 else "."),
        None if study.data.tests else
        "Not recorded: which test items the study drew. Runs agree with each other.")


def _answered(table: pa.Table) -> Answered:
    return tuple(zip(table["item"].to_pylist(), table["target"].to_pylist(), strict=True))


def _of_data(study: Study, done: Sequence[Record]) -> Iterator[str]:
    if not study.data.disjoint:
        yield "a group or a text stands in two splits"
    for what, found in (("prompts, classes or splits", {r.identity.task_sha256 for r in done}),
                        ("contents of items", {r.identity.items_sha256 for r in done})):
        if len(found) > 1:
            yield f"runs are of {len(found)} different {what}"


def _nested(answered: Sequence[Answered]) -> Iterator[str]:
    for smaller, larger in pairwise(sorted(set(answered), key=len)):
        if larger[:len(smaller)] != smaller:
            yield f"{len(smaller)} items that runs answered are not the first of {len(larger)}"


def _faults(study: Study, record: Record, answered: Answered) -> Iterator[str]:
    if len({item for item, _ in answered}) < len(answered):
        yield "answered an item twice"
    if record.budget_used and record.budget_used.test_items != len(answered):
        yield f"answered {len(answered)} of {record.budget_used.test_items} items"
    if not study.data.tests:
        return
    allowed = record.identity.budget.get("test")
    most = min(study.data.test, allowed if isinstance(allowed, int) else study.data.test)
    if len(answered) != most:
        yield f"answered {len(answered)} items where {most} were drawn"
    elif study.data.tests.get(most) != answered_sha256(answered):
        yield "answered other items, in another order or with other targets, than were drawn"
