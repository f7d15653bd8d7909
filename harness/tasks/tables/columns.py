"""Some columns of a table, whatever its format, as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from harness.common.errors import HarnessError
from harness.common.names import listed
from harness.tasks.cells import list_text
from harness.tasks.tables.arrow import read_arrow
from harness.tasks.tables.form import PLAIN, Form
from harness.tasks.tables.json_rows import read_json
from harness.tasks.tables.kinds import DELIMITERS, kind_of, usual
from harness.tasks.tables.lines import read_lines
from harness.tasks.tables.packed import DAMAGED
from harness.tasks.tables.parquet import read_parquet
from harness.tasks.tables.sheets import read_sheet

FORMATS: dict[str, Callable[[Path, Form, Sequence[str]], Iterator[Sequence[object]]]] = {
    ".parquet": read_parquet, ".arrow": read_arrow, ".xlsx": read_sheet,
    **dict.fromkeys(DELIMITERS, read_lines),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), read_json)}
OBJECTS = "Mend the file: one JSON object a line, or a list of objects, in UTF-8."
MENDING = {**dict.fromkeys((".parquet", ".arrow"), "Write the file again."),
           **dict.fromkeys((".json", ".jsonl", ".ndjson"), OBJECTS)}
ENCODING = "Mend the file, or say its encoding."
FAILURES = (ValueError, LookupError, OverflowError, pa.ArrowException, *DAMAGED)
"""What readers of formats raise for files that are none."""


def read_columns(path: Path, wanted: Sequence[str], form: Form = PLAIN
                 ) -> Iterator[tuple[str, ...]]:
    """The wanted columns of a table, a tuple of texts a row, all rows in their order. A cell
    that is missing or null is empty; a list is a JSON array.

    Raises HarnessError for an unreadable file, a missing column, and cells that are objects.
    """
    kind = ""
    try:
        kind = kind_of(path)
        for cells in FORMATS[kind](path, usual(form, kind), wanted):
            yield tuple(cell_text(path, column, cell)
                        for column, cell in zip(wanted, cells, strict=True))
    except FAILURES as error:
        raise unreadable(path, kind, error) from None


def unreadable(path: Path, kind: str, error: BaseException) -> HarnessError:
    """What to say of a file that is not of its kind, or none at all."""
    reason = " ".join(str(error).split())[:150]
    return HarnessError(f"{path.name}: cannot be read{kind and f' as {kind[1:]}'}: {reason}",
                        MENDING.get(kind, ENCODING))


def cell_text(path: Path, column: str, cell: object) -> str:
    """The cell as text that can be written: half of a surrogate pair becomes a question mark.

    Raises HarnessError for one that holds an object.
    """
    if isinstance(cell, str) and cell.isascii():
        return cell  # as most are: nothing in it to replace
    if cell is None or cell != cell:  # not a number: what pandas writes for nothing
        return ""
    if isinstance(cell, dict):
        raise HarnessError(f"{path.name}: column '{column}' holds objects (with "
                           f"{listed(list(map(str, cell)))}), not text",
                           "Give their parts columns of their own.")
    if isinstance(cell, list):
        cell = list_text(cell)
    return str(cell).encode("utf-8", "replace").decode()
