"""Tables in Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.tasks.tables.arrow import schema_of
from harness.tasks.tables.form import Form, places
from harness.tasks.tables.packed import opened

SCHEMAS = {".parquet": pq.read_schema, ".arrow": schema_of}
ROWS = 20_000
"""Rows of a file that are held at once."""
BUFFER = 1 << 20
"""Bytes of a column that are read at once: else all that a group of rows has, and pandas writes a
file as one group."""


def read_parquet(path: Path, _: Form, wanted: Sequence[str], rows: int = ROWS
                 ) -> Iterator[tuple[object, ...]]:
    """The wanted cells of each row, so many rows at a time. Raises HarnessError for a column that
    is not there, and ArrowException for what is no Parquet."""
    with (opened(path) as stream,
          pq.ParquetFile(stream, buffer_size=BUFFER, pre_buffer=False) as file):
        at = places(path, wanted, file.schema_arrow.names)
        for batch in file.iter_batches(rows):
            batch.validate(full=True)  # or text that is not UTF-8 would come to light cell by cell
            yield from zip(*(batch.column(place).to_pylist() for place in at), strict=True)


def class_names(path: Path, column: str) -> tuple[str, ...]:
    """The names of the classes that a file of `datasets` numbers; none elsewhere."""
    read = SCHEMAS.get(path.suffix.lower())
    if read is None:
        return ()
    try:
        noted = json.loads((read(path).metadata or {}).get(b"huggingface", b"{}"))
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
