"""Tables in lines of text (CSV, TSV, Orange's tab), as RFC 4180 has them and no other way.

Lenient parsers take the rows up to the next quotation mark for one text where a text begins with
such a mark; this one says the line.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from harness.common.errors import HarnessError
from harness.tasks.tables.form import HEADERLESS, Form, numbered, places
from harness.tasks.tables.packed import opened

LONGEST = 2**31 - 1
UNQUOTED = ("If the file does not quote its cells, say --quotes none (`quotes: none` of a suite's "
            "reader); else double the marks within quoted cells.")
MAYBE_UNQUOTED = ("Say --quotes none if the marks are part of the texts, --quotes double if they "
                  "hold the lines together (`quotes` of a suite's reader).")
QUOTING = ("Mend the line: cells that hold the delimiter or a line break stand in quotes; or say "
           "its delimiter.")
ENDS = "Quote cells that hold one, or export the table with one kind of line end."

csv.field_size_limit(LONGEST)  # a text may be longer than the 128 KiB that csv allows


class Record(NamedTuple):
    """A row: its first line, counted from 1, its fields (none of a blank line), its lines."""

    line: int
    fields: list[str]
    lines: tuple[str, ...]


@dataclass
class _Lines:
    """Counts a file's lines, and holds those of the row that is being read."""

    path: Path
    stream: Iterator[str]
    count: int = 0
    held: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self.stream)
        self.count += 1
        self.held.append(line)
        if "\0" in line:
            raise HarnessError(f"{self.path.name}:{self.count}: holds a NUL byte: not text",
                               "Export the table again.")
        return line


def read_lines(path: Path, form: Form, wanted: Sequence[str]) -> Iterator[list[str]]:
    """The wanted cells of each row.

    Of one column every line is a row, a blank one too; of several, blank lines are none. Raises
    HarnessError, with the line, for quotation marks that do not close, cells that may be several
    rows, and rows that lack a wanted column or have more fields than the header.
    """
    names, rows = _headed(path, form)
    at = places(path, wanted, names, HEADERLESS)
    least, most = max(at) + 1, len(names)
    doubt: int | None = None
    sure = most == 1 or form.quotes is not None
    for record in islice(rows, form.skip, None):
        fields = record.fields or [""]
        if most > 1 and len(fields) == 1 and not fields[0].strip():
            continue
        if not least <= len(fields) <= most:
            raise HarnessError(f"{path.name}:{record.line}: has {len(fields)} of {most} fields",
                               QUOTING)
        if not sure and len(record.lines) > 1:
            sure = not _may_be_rows(record, _delimiter(form), most)
            doubt = doubt or record.line
        yield [fields[place] for place in at]
    if doubt is not None and not sure:
        raise HarnessError(f"{path.name}:{doubt}: a quotation mark takes several lines, each like "
                           "a row, for one cell", MAYBE_UNQUOTED)


def head(path: Path, form: Form, rows: int = 100) -> list[str]:
    """The names of the columns; where they are numbers, the first rows are held against them.

    Raises HarnessError for an empty file, and as `read_lines` does.
    """
    names, records = _headed(path, form)
    if form.header == "none":
        for record in islice(records, rows):
            if record.fields and len(record.fields) != len(names):
                raise HarnessError(f"{path.name}:{record.line}: has {len(record.fields)} fields, "
                                   f"the first line {len(names)}", QUOTING)
    return names


def _headed(path: Path, form: Form) -> tuple[list[str], Iterator[Record]]:
    records = _records(path, form)
    blank: list[Record] = []
    for first in records:
        if first.fields:
            break
        blank.append(first)
    else:
        raise HarnessError(f"{path.name}: holds no rows", "Give data.")
    if form.header == "none":
        return numbered(len(first.fields)), chain(blank, [first], records)
    return first.fields, records


def _delimiter(form: Form) -> str:
    return form.delimiter or ","


def _records(path: Path, form: Form) -> Iterator[Record]:
    """All rows, blank lines too. Raises HarnessError, with the line, for what is no such table."""
    delimiter = _delimiter(form)
    if delimiter in '"\r\n':
        raise HarnessError(f"{path.name}: {delimiter!r} cannot stand between cells",
                           "Say another delimiter.")
    with opened(path) as packed, io.TextIOWrapper(packed, form.encoding, newline="") as stream:
        lines = _Lines(path, stream)
        reader = csv.reader(lines, delimiter=delimiter, strict=True,
                            quoting=csv.QUOTE_NONE if form.quotes == "none" else csv.QUOTE_MINIMAL)
        before: bool | None = None
        while (record := _next(path, form, reader, lines)) is not None:
            end = record.lines[-1]
            if before and end == "\r\n":
                continue  # the rest of a line that ends in "\r\r\n", as careless programs write
            if before is not None and end.endswith(("\r", "\n")) and before != end.endswith("\r"):
                raise HarnessError(f"{path.name}:{record.line}: some lines end in a carriage "
                                   "return alone, and others do not", ENDS)
            before = end.endswith("\r")
            yield record


def _next(path: Path, form: Form, reader: Iterator[list[str]], lines: _Lines) -> Record | None:
    start = lines.count + 1
    lines.held.clear()
    try:
        fields = next(reader, None)
    except csv.Error:
        raise HarnessError(f"{path.name}:{start}: a cell of this row begins with a quotation mark "
                           f"that does not close (read to line {lines.count})", UNQUOTED) from None
    except UnicodeDecodeError:
        raise HarnessError(f"{path.name}{_undecodable(path, form.encoding)}: not {form.encoding} "
                           "text", "Say its encoding, or save it in UTF-8.") from None
    return None if fields is None else Record(start, fields, tuple(lines.held))


def _undecodable(path: Path, encoding: str) -> str:
    """The first line that is not in the encoding, as `:LINE`; nothing where lines are not bytes."""
    if not codecs.lookup(encoding).name.startswith("utf-8"):
        return ""
    with opened(path) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return f":{number}"
    return ""


def _may_be_rows(record: Record, delimiter: str, width: int) -> bool:
    """Whether the lines of a row are as many rows if quotation marks mean nothing. A cell that was
    quoted by a program seldom has the right number of delimiters in each of its lines."""
    return (sum(line.count('"') for line in record.lines) == 2
            and all(line.count(delimiter) == width - 1 for line in record.lines))
