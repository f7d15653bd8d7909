"""Data in memory as files: it is then read as a file of the user's is."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.common.errors import HarnessError
from harness.common.files import write_atomic

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from datasets import Dataset
    from PIL import Image

    Table: TypeAlias = str | os.PathLike[str] | pd.DataFrame | Dataset
    """Rows: a file, a frame, or a data set of Hugging Face's `datasets`."""
    Texts: TypeAlias = Sequence[str] | Sequence[tuple[str, str]]
    Pictures: TypeAlias = Sequence[str | os.PathLike[str] | bytes | np.ndarray | Image.Image]

ENDING = ".parquet"


def splits_of(data: Table | Mapping[str, Table], validation: Table | None, test: Table | None
              ) -> tuple[Table, Table | None, Table | None]:
    """Training, validation and test data, where `data` may hold them by these names, as a
    `DatasetDict` does. Raises HarnessError where it has no `train`, or a split is said twice."""
    if not isinstance(data, Mapping):
        return data, validation, test
    if "train" not in data:
        raise HarnessError(f"the data has no split 'train' (it has {', '.join(map(str, data))})",
                           "Give its rows alone: data[NAME].")
    given = {"validation": validation, "test": test}
    for name, said in given.items():
        if said is not None and name in data:
            raise HarnessError(f"the data has a split '{name}', and {name}= is given, too",
                               "Leave one of them out.")
        given[name] = data.get(name, said)
    return data["train"], given["validation"], given["test"]


@contextmanager
def beside(folder: Path, name: str, tables: Mapping[str, Table | None]
           ) -> Iterator[dict[str, str | None]]:
    """Each table as the name of a file: those in memory are written into `folder`, and taken away
    again where the block ends badly. What is there with the same content stays.

    Raises HarnessError where other content is there, or a table cannot be written.
    """
    made: list[Path] = []
    files: dict[str, str | None] = {}
    try:
        for part, table in tables.items():
            if table is None or isinstance(table, str | os.PathLike):
                files[part] = None if table is None else os.fspath(table)
                continue
            path = folder / f"{name}{'' if part == 'data' else '.' + part}{ENDING}"
            if _write(path, table):
                made.append(path)
            files[part] = str(path)
        yield files
    except BaseException:
        for path in made:
            with suppress(OSError):
                path.unlink()
        raise


@contextmanager
def as_file(data: Table | Texts, columns: Sequence[str]) -> Iterator[Path]:
    """A file with the rows of `data`, as long as the block lasts; of texts alone with these
    columns. Raises HarnessError for what are no rows."""
    if isinstance(data, str | os.PathLike):
        yield Path(data)
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"rows{ENDING}"
        _write(path, _texts(data, columns) if isinstance(data, Sequence) else data)
        yield path


def pictures_in(data: Any, column: str | None) -> Sequence[Any] | None:
    """The pictures of a sequence, or of a frame's column; None for what is read as a file. Raises
    HarnessError for a frame without such a column."""
    import pandas as pd

    if not isinstance(data, pd.DataFrame):
        return data if isinstance(data, Sequence) and not isinstance(data, str) else None
    if column not in data.columns:
        raise HarnessError("which column of the frame holds the pictures? (it has "
                           f"{', '.join(map(str, data.columns))})", "Say image=COLUMN.")
    return list(data[column])


def cells_in(data: Any, columns: Sequence[str | None]) -> dict[str, list[str]]:
    """The cells of a frame's columns, as words; what is missing is blank. Raises HarnessError for
    what has no such column."""
    named = [name for name in columns if name is not None]
    for name in named:
        if name not in getattr(data, "columns", ()):
            raise HarnessError(f"the input has no column '{name}'",
                               "Give a table or a frame that has it.")
    return {name: data[name].fillna("").astype(str).tolist() for name in named}


def _texts(texts: Texts, columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    rows = [(text,) if isinstance(text, str) else tuple(text) for text in texts]
    if not rows or {len(row) for row in rows} != {len(columns)}:
        raise HarnessError("the input holds no rows" if not rows else
                           f"a row has not the {len(columns)} texts of the task",
                           "Give texts, or pairs of texts where the task has pairs.")
    return pd.DataFrame(rows, columns=list(columns))


def _write(path: Path, table: Any) -> bool:
    """Whether it had to be written."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(_arrow(table), buffer)
    if path.exists():
        if path.read_bytes() != buffer.getvalue():
            raise HarnessError(f"{path} holds other data", "Remove it, or choose another name.")
        return False
    write_atomic(path, buffer.getvalue())
    return True


def _arrow(table: Any) -> pa.Table:
    """The rows with their columns' names and types; of a data set also with its classes' names."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(table, pd.DataFrame):
        unnamed = [name for name in table.columns if not isinstance(name, str)]
        if unnamed:
            raise HarnessError(f"the frame has a column without a name ({unnamed[0]!r})",
                               "Name its columns: frame.columns = [...].")
        try:
            return pa.Table.from_pandas(table, preserve_index=False)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise HarnessError(f"the frame cannot be kept as Parquet: {error}",
                               "Give a column values of one kind.") from None
    from datasets import Dataset

    if not isinstance(table, Dataset):
        raise HarnessError(f"rows are given as {type(table).__name__}", "Give a path, a pandas "
                           "frame, or a datasets.Dataset that is not streamed.")
    rows = table.with_format("arrow")[:]
    return rows.replace_schema_metadata(table.features.arrow_schema.metadata)
