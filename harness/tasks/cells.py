"""What a table's cells mean: lists, and the one spelling of cells that name one value."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.common.errors import HarnessError
from harness.common.text import blank, excerpt, value_key
from harness.tasks.examples import Row
from harness.tasks.span_cells import check_inside, spans_cell, spans_in

PAIRS = ("[]", "()", "{}")
QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
BARE = r"-?\d+(?:\.\d*)?|None|null|nan|NaN|True|False|true|false"
WRITTEN = {
    pair: re.compile(rf"\{pair[0]}\s*(?:(?:{entry})(?:\s*,\s*|\s+|(?=\{pair[1]})))*\{pair[1]}",
                     re.DOTALL)
    for pair, entry in zip(PAIRS, (f"{QUOTED}|{BARE}", QUOTED, QUOTED), strict=True)}
"""Lists as Python and numpy print them, these without commas. In round and curly brackets only of
quoted entries, for "(1)" is a name."""
ENTRY = re.compile(f"{QUOTED}|{BARE}", re.DOTALL)
SHOWN = 60
NOTHING = ("None", "null", "nan", "NaN")


def entries(cell: str) -> tuple[str, ...] | None:
    """The entries of a cell that holds a list, as JSON, Python or numpy writes it; None where it
    holds none, or one of lists or objects. Missing and blank entries are left out."""
    found = _list(cell.strip())
    if found is None or _nested(found):
        return None
    texts = (str(entry).encode("utf-8", "replace").decode().strip()  # half a pair is not text
             for entry in found if not _missing(entry))
    return tuple(text for text in texts if not blank(text))


def _list(cell: str) -> list[Any] | None:
    found = _json(cell)
    return _printed(cell) if found is None else found


def _nested(found: list[Any] | None) -> bool:
    return found is not None and any(isinstance(entry, list | dict) for entry in found)


def _json(cell: str) -> list[Any] | None:
    if not cell.startswith("["):
        return None
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _printed(cell: str) -> list[Any] | None:
    """What Python or numpy printed. (Python alone would join texts that no comma divides.)"""
    pattern = WRITTEN.get(cell[:1] + cell[-1:])
    if pattern is None or not cell[1:-1].strip() or not pattern.fullmatch(cell):
        return None
    try:
        return [_literal(written) for written in ENTRY.findall(cell[1:-1])]
    except (ValueError, SyntaxError):
        return None


def _literal(written: str) -> object:
    if written in NOTHING:
        return None
    return ast.literal_eval(written.capitalize() if written in ("true", "false") else written)


def _missing(entry: object) -> bool:
    return entry is None or entry != entry  # NaN alone is not itself


def list_text(cell: Sequence[object] | np.ndarray) -> str:
    """A list as JSON. Whole numbers have no decimal point, whatever stands beside them."""
    plain = cell.tolist() if isinstance(cell, np.ndarray) else cell
    return json.dumps([_plain(entry) for entry in plain], ensure_ascii=False, default=_inner)


def _inner(entry: object) -> object:
    return entry.tolist() if isinstance(entry, np.ndarray) else str(entry)


def _plain(entry: object) -> object:
    if _missing(entry):
        return None
    return int(entry) if isinstance(entry, float) and entry.is_integer() else entry


def label_key(label: str) -> str:
    """As `value_key`; of a list, the key of each entry."""
    found = entries(label)
    if found is None:
        return value_key(label)
    return json.dumps([value_key(entry) for entry in found], ensure_ascii=False)


def class_numbers(labels: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Key of a label value to the number of its class: `labels` lists the values by class."""
    return {label_key(value): number for number, values in enumerate(labels.values())
            for value in values}


@dataclass
class Spellings:
    """The first spelling of each value of a column."""

    first: dict[str, str] = field(default_factory=dict)

    def one(self, cell: str) -> str:
        """The spelling of the first cell that named this value; nothing where it is blank."""
        return "" if blank(cell) else self.first.setdefault(value_key(cell), cell)

    def label(self, cell: str) -> str:
        """The same; of a list, a JSON array of the spelling of each entry, or of spans with that of
        each class.

        Raises HarnessError for a list of other lists or objects.
        """
        found = entries(cell)
        if found is None:
            spans = spans_in(cell)
            if spans is not None:
                return spans_cell([(start, end, self.one(value)) for start, end, value in spans])
            if _nested(_list(cell.strip())):
                raise HarnessError(f"a list holds lists or objects: {excerpt(cell, SHOWN)}",
                                   "Give a list of the names of the classes that an item has, or "
                                   "of spans: [start, end, class] each.")
            return self.one(cell)
        return json.dumps([self.one(entry) for entry in found], ensure_ascii=False)


@dataclass
class OneSpelling:
    """Labels, groups and slices of the rows of a data set spelt one way, as first read."""

    labels: Spellings = field(default_factory=Spellings)
    groups: Spellings = field(default_factory=Spellings)
    slices: defaultdict[str, Spellings] = field(default_factory=lambda: defaultdict(Spellings))

    def row(self, row: Row) -> Row:
        """The row with its cells in the spelling of the first that named their values.

        Raises HarnessError for a label that is a list of lists, but of spans within the text.
        """
        label = self.labels.label(row.label)
        check_inside(label, row.text)
        group = None if row.group is None else self.groups.one(row.group) or None
        slices = {name: self.slices[name].one(value) for name, value in row.slices.items()}
        if (label, group, slices) == (row.label, row.group, row.slices):
            return row  # a copy takes longer than all else here
        return dataclasses.replace(row, label=label, group=group, slices=slices)
