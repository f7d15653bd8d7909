"""Tables in a spreadsheet (.xlsx), a stranger's: read by openpyxl, row by row.

python-calamine is faster, but makes a table as large as the last cell's place says: eight kilobytes
with one cell in the last corner end the process. It also reads errors as empty cells.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path
from typing import Any, BinaryIO

from harness.common.errors import HarnessError
from harness.common.names import listed
from harness.sources.wheel import MAX_RATIO
from harness.tasks.tables.form import HEADERLESS, Form, numbered, places
from harness.tasks.tables.packed import opened

MAX_UNPACKED = 1 << 30
CHUNK = 1 << 20
FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")
"""The element, with a namespace's prefix or without; not those of fonts and fills."""
LONGEST_TAG = 64


def read_sheet(path: Path, form: Form, wanted: Sequence[str]) -> Iterator[Sequence[object]]:
    """The wanted cells of each row of the one sheet that holds any, formulas as their values.

    Blank rows count up to the last row that is not blank. Raises HarnessError for several such
    sheets, an error in a cell, a formula that was never calculated, a file that unpacks to more
    than 1 GiB or 200 times its size, and what is no spreadsheet.
    """
    try:
        with opened(path) as stream, ExitStack() as stack, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what openpyxl does not know: styles, validation
            has_formulas = _looked_through(path, stream)
            sheet = _only_sheet(path, _opened(stream, stack, values=True))
            formulas = (_opened(stream, stack, values=False)[sheet.title] if has_formulas else None)
            yield from _rows(path, form, wanted, sheet, formulas)
    except HarnessError:
        raise
    except Exception as error:  # of whatever kind: the file is a stranger's
        reason = " ".join(str(error).split())[:150]
        raise HarnessError(f"{path.name}: cannot be read as xlsx: {reason}",
                           "Save the sheet again, as .xlsx or CSV.") from None


def _looked_through(path: Path, stream: BinaryIO) -> bool:
    """Whether it may hold formulas; all of it is unpacked once, so that no size in it is a lie."""
    size = stream.seek(0, 2)
    most = min(MAX_UNPACKED, MAX_RATIO * size)
    found = False
    with zipfile.ZipFile(stream) as archive:
        if sum(member.file_size for member in archive.infolist()) > most:
            raise HarnessError(f"{path.name}: would unpack to more than {most:,} bytes",
                               "This looks like a bomb: do not use it, or save it as CSV.")
        for member in archive.infolist():
            last = b""
            with archive.open(member) as part:
                while chunk := part.read(CHUNK):
                    found = found or FORMULA.search(last + chunk) is not None
                    last = chunk[-LONGEST_TAG:]
    return found


def _opened(stream: BinaryIO, stack: ExitStack, values: bool) -> Any:
    from openpyxl import load_workbook

    stream.seek(0)
    workbook = load_workbook(stream, read_only=True, data_only=values, keep_links=False)
    stack.callback(workbook.close)
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()  # as noted in the file they may be wrong, and hide rows
    return workbook


def _only_sheet(path: Path, workbook: Any) -> Any:
    held = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"
            and any(cell is not None for row in sheet.iter_rows(values_only=True) for cell in row)]
    if len(held) == 1:
        return held[0]
    if not held:
        raise HarnessError(f"{path.name}: holds no rows", "Give data.")
    raise HarnessError(f"{path.name}: several sheets hold rows: "
                       f"{listed([sheet.title for sheet in held])}",
                       "Save the one that is meant as a file of its own.")


def _rows(path: Path, form: Form, wanted: Sequence[str], sheet: Any, formulas: Any
          ) -> Iterator[Sequence[object]]:
    """Rows of cells, below the first that is not blank or from it on."""
    number, first = next((number, row) for number, row in enumerate(
        sheet.iter_rows(values_only=True), 1) if any(cell is not None for cell in row))
    width = max(i for i, cell in enumerate(first, 1) if cell is not None)
    names = ["" if cell is None else str(cell) for cell in first[:width]]
    start = number + 1 + form.skip
    if form.header == "none":
        names, start = numbered(width), number + form.skip
    at = places(path, wanted, names, HEADERLESS)
    blank, nothing = 0, [None] * len(at)
    asked = {"min_row": start, "max_col": width}
    below = formulas.iter_rows(**asked) if formulas is not None else repeat(None)
    for row, written in zip(sheet.iter_rows(**asked), below, strict=False):
        if all(cell.value is None for cell in row) and not _calculates(written):
            blank += 1
            continue
        yield from repeat(nothing, blank)
        blank = 0
        yield [_value(path, row[place], written and written[place]) for place in at]


def _calculates(written: Any) -> bool:
    return written is not None and any(cell.data_type == "f" for cell in written)


def _value(path: Path, cell: Any, written: Any) -> object:
    if cell.data_type == "e":
        raise HarnessError(f"{path.name}: cell {cell.coordinate} holds the error {cell.value}",
                           "Mend it; a text that begins with = or - stands after an apostrophe.")
    if cell.value is None and written is not None and written.data_type == "f":
        raise HarnessError(f"{path.name}: cell {written.coordinate} holds a formula without its "
                           "value", "Open the file in a spreadsheet program and save it.")
    if isinstance(cell.value, str):
        return cell.value.replace("_x000D_", "\r")  # as Excel writes it
    return cell.value
