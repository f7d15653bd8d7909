"""Cells that list spans, as annotation tools and data sets write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.common.errors import HarnessError
from harness.common.text import excerpt

STARTS = ("start", "start_offset", "start_char", "begin")
ENDS = ("end", "end_offset", "end_char", "stop")
CLASSES = ("label", "labels", "entity_group", "entity", "type", "tag", "class")
"""Names in use for a span's beginning, its end and its class: of spaCy, doccano, Label Studio and
transformers' pipelines."""
Cell = tuple[int, int, str]
"""Where a span begins and ends, in characters of the text, and the value that means its class."""
SHOWN = 60
WAYS = "Give each span as [start, end, class], or as an object with start, end and label."


def spans_in(cell: str) -> tuple[Cell, ...] | None:
    """The spans that a cell lists in JSON, rising; None where it lists none, or something else.

    Raises HarnessError for a list of which some entries are spans and others are not, and for a
    span that is empty or has several classes.
    """
    if not cell.lstrip().startswith("["):
        return None
    try:
        listed = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    if not isinstance(listed, list) or not listed:
        return None
    found = [_span(entry) for entry in listed]
    whole = [span for span in found if span is not None]
    if not whole:
        return None
    if len(whole) < len(found):
        raise HarnessError(f"a list of spans holds something else: {excerpt(cell, SHOWN)}", WAYS)
    for start, end, _ in whole:
        if not 0 <= start < end:
            raise HarnessError(f"a span from {start} to {end}: {excerpt(cell, SHOWN)}", WAYS)
    return tuple(sorted(whole))


def check_inside(label: str, text: str) -> None:
    """Raise HarnessError where a cell of spans, as `spans_cell` writes it, has one that ends behind
    the text."""
    for start, end, value in json.loads(label) if label.startswith("[[") else ():
        if end > len(text):
            raise HarnessError(f"the span {start} to {end} ({value}) ends behind its text of "
                               f"{len(text)} characters: {excerpt(text, SHOWN)}",
                               "Count characters, not bytes, in the text as it is here.")


def spans_cell(spans: Sequence[Cell]) -> str:
    """The spans as a cell."""
    return json.dumps([list(span) for span in spans], ensure_ascii=False)


def _span(entry: object) -> Cell | None:
    if isinstance(entry, Mapping):
        start, end, label = (_first(entry, names) for names in (STARTS, ENDS, CLASSES))
    elif isinstance(entry, list) and len(entry) == 3:
        start, end, label = entry
    else:
        return None
    if isinstance(label, list) and len(label) == 1:
        label = label[0]
    places = [_whole(start), _whole(end)]
    if None in places or not isinstance(label, str) or not label.strip():
        return None
    return int(start), int(end), label.strip()


def _first(entry: Mapping[Any, Any], names: Sequence[str]) -> Any:
    return next((entry[name] for name in names if entry.get(name) is not None), None)


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        return None
    return int(value)
