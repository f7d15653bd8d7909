"""Tables in Arrow's own format, as `datasets` saves them to disk: a stream, or a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from harness.tasks.tables.form import Form, places
from harness.tasks.tables.packed import opened

MAGIC = b"ARROW1"
"""What a file begins with, and a stream does not."""
ROWS = 20_000
"""Rows of a file whose cells are held at once."""


def read_arrow(path: Path, _: Form, wanted: Sequence[str], rows: int = ROWS
               ) -> Iterator[tuple[object, ...]]:
    """The wanted cells of each row, so many rows at a time. Raises HarnessError for a column that
    is not there, and ArrowException for what is no Arrow table."""
    with opened(path) as stream:
        schema, batches = _open(stream)
        at = places(path, wanted, schema.names)
        for batch in batches:
            batch.validate(full=True)  # or text that is not UTF-8 would come to light cell by cell
            for start in range(0, batch.num_rows, rows):
                some = batch.slice(start, rows)
                yield from zip(*(some.column(place).to_pylist() for place in at), strict=True)


def schema_of(path: Path) -> pa.Schema:
    """Columns and what was noted of them. Raises ArrowException, and OSError."""
    with path.open("rb") as stream:
        return _open(stream)[0]


def _open(stream: BinaryIO) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    start = stream.read(len(MAGIC))
    stream.seek(0)
    if start != MAGIC:
        found = pa.ipc.open_stream(stream)
        return found.schema, iter(found)
    file = pa.ipc.open_file(stream)
    return file.schema, (file.get_batch(number) for number in range(file.num_record_batches))
