"""Tables: CSV, TSV, Orange's tab, JSONL and Parquet, with columns named by the suite."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from harness.common.errors import HarnessError
from harness.common.names import did_you_mean, listed
from harness.common.text import blank, value_key
from harness.tasks.cells import entries, list_text
from harness.tasks.examples import SPLITS, Row, SplitName, as_array
from harness.tasks.readers import ReaderOptions, reader
from harness.tasks.readers.packed import DAMAGED, opened, unpacked_ending

ENDINGS = (".csv", ".tsv", ".tab", ".jsonl", ".parquet")
SEPARATED = (".csv", ".tsv", ".tab")
OTHERS = {
    ".json": "Write one JSON object a line, and call the file .jsonl.",
    ".ndjson": "Call it .jsonl.",
    ".xlsx": "Save the sheet as CSV.", ".xls": "Save the sheet as CSV.",
    ".ods": "Save the sheet as CSV.",
}
"""What to do with tables of other formats."""
QUOTING = ("Mend the file: cells that hold the delimiter or a line break stand in quotes; or say "
           "its delimiter and encoding.")
MENDING = {".jsonl": "Mend the file: one JSON object a line, in UTF-8.",
           ".parquet": "Write the file again."} | dict.fromkeys(SEPARATED, QUOTING)
HIDDEN = "-1"
"""How `datasets` writes the number of a class that is not known."""
LONGEST_SEPARATOR = 8
ROWS = 20_000
"""Rows of a file that are held at once."""


class SplitColumn(ReaderOptions):
    """A column that names each row's split, and its values for each."""

    column: str
    train: tuple[str, ...] = ("train",)
    validation: tuple[str, ...] = ("validation",)
    test: tuple[str, ...] = ("test",)


class TableOptions(ReaderOptions):
    """Which column means what."""

    text: str
    label: str
    pair: str | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()
    split: SplitColumn | None = None
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    """Of a CSV file; a comma where absent."""
    encoding: str = "utf-8-sig"
    """Of a CSV or TSV file."""
    skip: int = Field(0, ge=0, le=100)
    """Lines of a CSV or TSV file below its header that hold no items: two in Orange's `.tab`."""
    separator: str | None = Field(None, min_length=1, max_length=LONGEST_SEPARATOR)
    """Between the values of a label cell that may hold several; an empty cell holds none. Lists of
    JSON Lines and Parquet need none."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All that are read, each once."""
        split = self.split.column if self.split else None
        named = (self.text, self.label, *self.slices, self.pair, self.group, split)
        return tuple(dict.fromkeys(name for name in named if name is not None))


@reader("table", TableOptions)
def read_table(path: Path, options: TableOptions) -> Iterator[Row]:
    """Rows of a table, or of all tables in a folder; the format follows a file's ending, below that
    of its packing if it is packed (`.bz2`, `.gz`, `.xz`).

    Raises HarnessError for an unreadable file, a missing column or an unlisted split.
    """
    for file in tables_at(path):
        hidden = (HIDDEN,) if class_names(file, options.label) else ()
        for values in _rows(file, options.columns, options.delimiter, options.encoding,
                            options.skip):
            row = dict(zip(options.columns, values, strict=True))
            yield Row(
                text=row[options.text], label=_label(row[options.label], options.separator, hidden),
                pair=row[options.pair] if options.pair else None,
                group=named(row[options.group]) if options.group else None,
                slices={name: row[name] for name in options.slices},
                split=_split(file, row, options.split) if options.split else None,
            )


def _label(cell: str, separator: str | None, hidden: tuple[str, ...]) -> str:
    """The cell, or a JSON array of its values where they are separated in it; nothing where it is
    hidden."""
    if separator is None or entries(cell) is not None:
        return "" if value_key(cell) in hidden else cell.strip()
    return as_array(cell.split(separator))


def named(cell: str) -> str | None:
    """A group's name; None where the cell is empty, for such rows have nothing in common."""
    return None if blank(cell) else cell


def tables_at(path: Path) -> list[Path]:
    """The file itself, or the tables below a folder in the order of their names."""
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.rglob("*") if unpacked_ending(p) in ENDINGS and p.is_file())
    if not found:
        raise HarnessError(f"{path.name}: is a folder without a table: those end in "
                           f"{', '.join(ENDINGS)}", "Name a table.")
    return found


def read_columns(path: Path, columns: Sequence[str], delimiter: str | None = None,
                 encoding: str = "utf-8-sig") -> list[tuple[str, ...]]:
    """Some columns of a table as text, a tuple a row. Raises HarnessError as `read_table` does."""
    return list(_rows(path, columns, delimiter, encoding))


def head(path: Path, delimiter: str | None, encoding: str) -> list[str]:
    """The column names of a CSV or TSV file whose first rows can be read.

    Raises HarnessError for a file that is none.
    """
    frame = next(_frames(path, delimiter, encoding, 5), None)
    return [] if frame is None else list(map(str, frame.columns))


def class_names(path: Path, column: str) -> tuple[str, ...]:
    """The names of the classes that a Parquet file of `datasets` numbers; none elsewhere."""
    if path.suffix.lower() != ".parquet":
        return ()
    try:
        noted = json.loads((pq.read_schema(path).metadata or {}).get(b"huggingface", b"{}"))
        names = _feature(noted["info"]["features"][column])["names"]
    except (OSError, ValueError, KeyError, TypeError, IndexError, pa.ArrowException):
        return ()
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _feature(noted: Any) -> Any:
    """What `datasets` notes of a column, or of the entries of one that holds lists: as a list of
    one, or under `feature`, which way hangs on its version."""
    if isinstance(noted, list):
        return _feature(noted[0])
    return _feature(noted["feature"]) if "feature" in noted else noted


def _split(path: Path, row: dict[str, str], options: SplitColumn) -> SplitName:
    value = row[options.column].strip()
    for split in SPLITS:
        if value in getattr(options, split):
            return split
    raise HarnessError(f"{path.name}: a row's '{options.column}' is '{value}', which is no split",
                       "List it as train, validation or test of the reader's `split`, or take "
                       "such rows out.")


def _rows(path: Path, wanted: Sequence[str], delimiter: str | None, encoding: str,
          skip: int = 0) -> Iterator[tuple[str, ...]]:
    """The wanted columns as text. A line of JSON may lack some, as long as another has them."""
    seen: dict[str, None] = {}
    for frame in _frames(path, delimiter, encoding, ROWS, skip):
        names = list(map(str, frame.columns))
        seen.update(dict.fromkeys(names))
        for column in wanted:
            if names.count(column) > 1:
                raise HarnessError(f"{path.name}: two columns are called '{column}'",
                                   "Rename one of them.")
        if unpacked_ending(path) != ".jsonl":
            _check_columns(path, wanted, names)
        yield from zip(*(_texts(path, frame, column) for column in wanted), strict=True)
    _check_columns(path, wanted, list(seen))


def _texts(path: Path, frame: pd.DataFrame, column: str) -> Iterator[str]:
    if column not in frame:
        return repeat("", len(frame))
    cells = frame[column].astype(object)
    found = cells.where(cells.notna(), "").tolist()
    part = next((cell for cell in found if isinstance(cell, dict)), None)
    if part is not None:
        raise HarnessError(f"{path.name}: column '{column}' holds objects (with "
                           f"{listed(list(map(str, part)))}), not text",
                           "Give their parts columns of their own.")
    return map(_text, found)


def _check_columns(path: Path, wanted: Sequence[str], names: Sequence[str]) -> None:
    for column in wanted:
        if column not in names:
            raise HarnessError(f"{path.name}: there is no column '{column}'",
                               did_you_mean(column, names))


def _text(cell: object) -> str:
    """The cell as text that can be written: half of a surrogate pair becomes a question mark, a
    list a JSON array."""
    if isinstance(cell, list | np.ndarray):
        cell = list_text(cell)
    return str(cell).encode("utf-8", "replace").decode()


def _frames(path: Path, delimiter: str | None, encoding: str, rows: int, skip: int = 0
            ) -> Iterator[pd.DataFrame]:
    """A table, `rows` at a time; of one in lines, `skip` below the header are passed over.

    Raises HarnessError for a file that is none.
    """
    def separated(usual: str) -> Iterator[pd.DataFrame]:
        return _separated(path, delimiter or usual, encoding, rows, skip)

    formats: dict[str, Callable[[], Iterator[pd.DataFrame]]] = {
        ".csv": lambda: separated(","), ".tsv": lambda: separated("\t"),
        ".tab": lambda: separated("\t"), ".jsonl": lambda: _json_lines(path, rows),
        ".parquet": lambda: _parquet(path, rows),
    }
    ending = unpacked_ending(path)
    if ending not in formats:
        raise HarnessError(f"{path.name}: a table ends in {', '.join(formats)}",
                           OTHERS.get(ending, "Convert the file, or rename it to what it is."))
    try:
        yield from formats[ending]()
    except (ValueError, LookupError, pa.ArrowException, *DAMAGED) as error:
        reason = " ".join(str(error).split())[:150]
        raise HarnessError(f"{path.name}: cannot be read as {ending[1:]}: {reason}",
                           MENDING[ending]) from None


def _separated(path: Path, separator: str, encoding: str, rows: int, skip: int
               ) -> Iterator[pd.DataFrame]:
    how: dict[str, Any] = {"dtype": str, "keep_default_na": False, "sep": separator,
                           "encoding": encoding, "engine": "c"}
    with opened(path) as stream:
        names = pd.read_csv(stream, header=None, nrows=1, **how).iloc[0].tolist()
    checked = False
    with opened(path) as stream, pd.read_csv(
            stream, skiprows=range(1, 1 + skip), chunksize=rows, **how) as chunks:
        for frame in chunks:
            if len(frame) and not isinstance(frame.index, pd.RangeIndex):
                # pandas would take the first column for row names and shift all the others
                raise ValueError("its rows have more fields than its first line has names")
            if separator == "\t" and not checked and _holds_rows(frame):
                _check_quotes(path, encoding)
                checked = True
            frame.columns = pd.Index(names)  # pandas gives the second of a name another one
            yield frame


def _holds_rows(frame: pd.DataFrame) -> bool:
    """Whether a cell holds a delimiter and a line break."""
    return any((frame[name].str.contains("\t", regex=False)
                & frame[name].str.contains("\n", regex=False)).any() for name in frame)


def _check_quotes(path: Path, encoding: str) -> None:
    """Raise ValueError where what follows a closing quotation mark is no delimiter: many such files
    are not quoted, and a text that begins with a mark would swallow the rows up to the next."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        with opened(path) as packed, io.TextIOWrapper(packed, encoding, newline="") as stream:
            for _ in csv.reader(stream, delimiter="\t", strict=True):
                pass
    except csv.Error as error:
        raise ValueError(f"a quotation mark takes several rows for one text ({error})") from None
    finally:
        csv.field_size_limit(limit)


def _json_lines(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    with opened(path) as packed, io.TextIOWrapper(packed, encoding="utf-8-sig") as stream:
        records = (_record(line, number) for number, line in enumerate(stream, 1) if line.strip())
        while some := list(islice(records, rows)):
            yield pd.DataFrame(some, dtype=object)


def _record(line: str, number: int) -> dict[str, Any]:
    """Raises ValueError, with the line's number, for a line that is no JSON object."""
    try:
        record = json.loads(line)
        if not isinstance(record, dict):
            raise ValueError("not an object")
        return record
    except (ValueError, RecursionError) as error:
        raise ValueError(f"line {number}: {error}") from None


def _parquet(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    """The columns that the file has, whatever pandas has noted in it of an index."""
    with opened(path) as stream, pq.ParquetFile(stream) as file:
        yield file.schema_arrow.empty_table().to_pandas(ignore_metadata=True)
        for batch in file.iter_batches(rows):
            batch.validate(full=True)  # or text that is not UTF-8 would come to light cell by cell
            # As objects, or whole numbers would have a decimal point where others are missing.
            yield batch.to_pandas(ignore_metadata=True, integer_object_nulls=True)
