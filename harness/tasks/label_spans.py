"""Items whose labels are spans: what a label value holds, and what an item is dealt as."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise

from harness.common.text import value_key
from harness.targets.spans import Span, Spans
from harness.tasks.cells import label_key
from harness.tasks.label_sets import rarest
from harness.tasks.ledger import Facts, Kept, Ledger
from harness.tasks.span_cells import Cell, spans_in

SpanSets = Mapping[str, Spans]
"""Label value to the spans that it means, rising."""
EMPTY = ("[]",)
"""Cells of texts without a span."""


def cells_of(label: str) -> tuple[Cell, ...] | None:
    """The spans of a label value; None where it is none."""
    return () if label in EMPTY else spans_in(label)


def hold_spans(labels: Iterable[str]) -> bool:
    """Whether the labels list spans: all that say something do."""
    found = [cells_of(label) for label in labels if label]
    return any(found) and None not in found


def class_items(labels: Mapping[str, int]) -> dict[str, int]:
    """Rows by value that means a class, from rows by label."""
    counts: Counter[str] = Counter()
    for label, rows in labels.items():
        for value in {value for *_, value in cells_of(label) or ()}:
            counts[value] += rows
    return dict(counts)


def class_spans(labels: Iterable[str], classes: Mapping[str, int]) -> SpanSets:
    """The spans of each label all of whose values are listed in `classes`, under their keys, and
    of which none overlap."""
    found = {}
    for label in labels:
        cells = cells_of(label) if label else None
        if cells is None or any(one[1] > other[0] for one, other in pairwise(cells)):
            continue
        numbers = [classes.get(value_key(value)) for *_, value in cells]
        if None not in numbers:
            found[label] = tuple(Span(start, end, int(number or 0)) for (start, end, _), number
                                 in zip(cells, numbers, strict=True))
    return found


def keep_spans(ledger: Ledger, classes: Mapping[str, int]) -> tuple[Kept, Facts, SpanSets]:
    """As `label_sets.keep_sets`, where the classes are those of an item's spans."""
    spans = class_spans(ledger.labels, classes)
    kept, facts = ledger.kept(span_numbers(spans))
    members = [own_classes(own) for own in dict.fromkeys(spans.values())]
    return dataclasses.replace(kept, labels=rarest(kept.labels, members, classes)), facts, spans


def span_numbers(spans: SpanSets) -> dict[str, int]:
    """A number for the key of each label: one for each different set of spans."""
    number = {own: i for i, own in enumerate(dict.fromkeys(spans.values()))}
    return {label_key(label): number[own] for label, own in spans.items()}


def own_classes(spans: Spans) -> tuple[int, ...]:
    """The classes that spans have, rising."""
    return tuple(sorted({span.label for span in spans}))
