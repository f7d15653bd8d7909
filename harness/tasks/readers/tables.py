"""Tables: CSV, TSV, Orange's tab, JSONL and Parquet, with columns named by the suite."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from harness.common.errors import HarnessError
from harness.common.names import did_you_mean
from harness.tasks.examples import Row
from harness.tasks.readers import ReaderOptions, reader
from harness.tasks.readers.packed import DAMAGED, opened, unpacked_ending


class TableOptions(ReaderOptions):
    """Which column means what."""

    text: str
    label: str
    pair: str | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    """Of a CSV file; a comma where absent."""
    encoding: str = "utf-8-sig"
    """Of a CSV or TSV file."""
    skip: int = Field(0, ge=0, le=100)
    """Lines of a CSV or TSV file below its header that hold no items: two in Orange's `.tab`."""


@reader("table", TableOptions)
def read_table(path: Path, options: TableOptions) -> Iterator[Row]:
    """Rows of a table; the format follows the file's ending, below that of its packing if it is
    packed (`.bz2`, `.gz`, `.xz`).

    Raises HarnessError for an unreadable file or a missing column.
    """
    wanted = [options.text, options.label, *options.slices,
              *(c for c in (options.pair, options.group) if c is not None)]
    frame = _columns(path, wanted, options.delimiter, options.encoding, options.skip)
    for row in frame.to_dict("records"):
        yield Row(
            text=row[options.text], label=row[options.label].strip(),
            pair=row[options.pair] if options.pair else None,
            group=row[options.group] if options.group else None,
            slices={name: row[name] for name in options.slices},
        )


def read_columns(path: Path, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """Some columns of a table as text, a tuple a row. Raises HarnessError as `read_table` does."""
    return list(_columns(path, columns)[list(columns)].itertuples(index=False, name=None))


def _columns(path: Path, wanted: Sequence[str], delimiter: str | None = None,
             encoding: str = "utf-8-sig", skip: int = 0) -> pd.DataFrame:
    frame = read_frame(path, delimiter, encoding, skip=skip)
    names = list(map(str, frame.columns))
    for column in wanted:
        if column not in names:
            raise HarnessError(f"{path.name}: there is no column '{column}'",
                               did_you_mean(column, names))
        if names.count(column) > 1:
            raise HarnessError(f"{path.name}: two columns are called '{column}'",
                               "Rename one of them.")
    found = frame[list(dict.fromkeys(wanted))].astype(object)
    return found.where(found.notna(), "").map(_text)


def _text(cell: object) -> str:
    """The cell as text that can be written: half of a surrogate pair becomes a question mark."""
    return str(cell).encode("utf-8", "replace").decode()


def read_frame(path: Path, delimiter: str | None = None, encoding: str = "utf-8-sig",
               rows: int | None = None, skip: int = 0) -> pd.DataFrame:
    """A table, or its first `rows` rows where it is CSV or TSV; of these, `skip` lines below the
    header are passed over.

    Raises HarnessError for a file that is none.
    """
    def separated(usual: str) -> pd.DataFrame:
        return _separated(path, delimiter or usual, encoding, rows, skip)

    formats: dict[str, Callable[[], pd.DataFrame]] = {
        ".csv": lambda: separated(","), ".tsv": lambda: separated("\t"),
        ".tab": lambda: separated("\t"), ".jsonl": lambda: _json_lines(path),
        ".parquet": lambda: _parquet(path),
    }
    ending = unpacked_ending(path)
    if path.is_dir() or ending not in formats:
        raise HarnessError(f"{path.name}: a table ends in {', '.join(formats)}",
                           "Convert the file, or rename it to what it is.")
    try:
        return formats[ending]()
    except (ValueError, LookupError, pa.ArrowException, *DAMAGED) as error:
        reason = " ".join(str(error).split())[:150]
        raise HarnessError(f"{path.name}: cannot be read as {ending[1:]}: {reason}",
                           "Mend the file, or say its delimiter and encoding.") from None


def _separated(path: Path, separator: str, encoding: str, rows: int | None, skip: int
               ) -> pd.DataFrame:
    with opened(path) as stream:
        frame = pd.read_csv(stream, dtype=str, keep_default_na=False, sep=separator, nrows=rows,
                            encoding=encoding, skiprows=range(1, 1 + skip), engine="c")
    if len(frame) and not isinstance(frame.index, pd.RangeIndex):
        # pandas would take the first column for row names and shift all the others
        raise ValueError("its rows have more fields than its first line has names")
    return frame


def _json_lines(path: Path) -> pd.DataFrame:
    records = []
    with opened(path) as packed, io.TextIOWrapper(packed, encoding="utf-8-sig") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                records.append(_record(line, number))
    return pd.DataFrame(records, dtype=object)


def _record(line: str, number: int) -> dict[str, object]:
    """Raises ValueError, with the line's number, for a line that is no JSON object."""
    try:
        record = json.loads(line)
        if not isinstance(record, dict):
            raise ValueError("not an object")
        return {key: str(value) if isinstance(value, dict | list) else value
                for key, value in record.items()}
    except (ValueError, RecursionError) as error:
        raise ValueError(f"line {number}: {error}") from None


def _parquet(path: Path) -> pd.DataFrame:
    """The columns that the file has, whatever pandas has noted in it of an index."""
    with opened(path) as stream:
        table = pq.read_table(stream, partitioning=None)
    table.validate(full=True)  # or text that is not UTF-8 would come to light cell by cell
    return table.to_pandas(ignore_metadata=True)
