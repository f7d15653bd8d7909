"""Tables: CSV, TSV, JSONL and Parquet, with columns named by the suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
from pydantic import Field

from harness.common.errors import HarnessError
from harness.common.names import did_you_mean
from harness.tasks.examples import Row
from harness.tasks.readers import ReaderOptions, reader


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


@reader("table", TableOptions)
def read_table(path: Path, options: TableOptions) -> Iterator[Row]:
    """Rows of a table; the format follows the file's ending.

    Raises HarnessError for an unreadable file or a missing column.
    """
    wanted = [options.text, options.label, *options.slices,
              *(c for c in (options.pair, options.group) if c is not None)]
    frame = _columns(path, wanted, options.delimiter, options.encoding)
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
             encoding: str = "utf-8-sig") -> pd.DataFrame:
    frame = read_frame(path, delimiter, encoding)
    for column in wanted:
        if column not in frame.columns:
            raise HarnessError(f"{path.name}: there is no column '{column}'",
                               did_you_mean(column, map(str, frame.columns)))
    return frame[list(dict.fromkeys(wanted))].fillna("").astype(str)


def read_frame(path: Path, delimiter: str | None = None, encoding: str = "utf-8-sig",
               rows: int | None = None) -> pd.DataFrame:
    """A table, or its first `rows` rows. Raises HarnessError for a file that is none."""
    def text(separator: str) -> pd.DataFrame:
        return pd.read_csv(path, dtype=str, keep_default_na=False, sep=separator,
                           encoding=encoding, nrows=rows)

    formats: dict[str, Callable[[], pd.DataFrame]] = {
        ".csv": lambda: text(delimiter or ","), ".tsv": lambda: text(delimiter or "\t"),
        ".jsonl": lambda: pd.read_json(path, lines=True, dtype=False, nrows=rows),
        ".parquet": lambda: pd.read_parquet(path),
    }
    ending = path.suffix.lower()
    if path.is_dir() or ending not in formats:
        raise HarnessError(f"{path.name}: a table ends in {', '.join(formats)}",
                           "Convert the file, or rename it to what it is.")
    try:
        return formats[ending]()
    except (ValueError, OSError, LookupError) as error:
        reason = " ".join(str(error).split())[:150]
        raise HarnessError(f"{path.name}: cannot be read as {ending[1:]}: {reason}",
                           "Mend the file, or say its delimiter and encoding.") from None
