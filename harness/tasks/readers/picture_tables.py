"""Tables of pictures: a column holds each one's path, or its bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from pydantic import Field

from harness.common.errors import HarnessError
from harness.common.text import excerpt
from harness.inputs.picture_files import read_picture
from harness.inputs.picture_row import PictureRow
from harness.tasks.readers import ReaderOptions, picture_reader
from harness.tasks.readers.tables import (
    HIDDEN,
    LONGEST_SEPARATOR,
    SplitColumn,
    label_of,
    named,
    split_of,
)
from harness.tasks.tables.arrow import read_arrow
from harness.tasks.tables.columns import FAILURES, cell_text, read_columns, unreadable
from harness.tasks.tables.form import Form
from harness.tasks.tables.kinds import kind_of, tables_at
from harness.tasks.tables.parquet import class_names, read_parquet

BINARY = {".parquet": read_parquet, ".arrow": read_arrow}
"""Formats whose cells may be bytes."""
AT_ONCE = 16
"""Rows of them that are held at once."""
INSIDE = "Give paths from the table's folder (or the reader's `folder` in it), without '..'."


class PictureTableOptions(ReaderOptions, Form):
    """Which column means what, and how the table is written."""

    picture: str
    """Its cells are paths, or bytes, or as `datasets` has pictures: `bytes` and `path`."""
    label: str
    group: str | None = None
    slices: tuple[str, ...] = ()
    split: SplitColumn | None = None
    separator: str | None = Field(None, min_length=1, max_length=LONGEST_SEPARATOR)
    """As of tables of texts: between the values of a label cell that may hold several."""
    folder: str = ""
    """Where paths begin, from the table's folder."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All that are read, each once, the picture first."""
        split = self.split.column if self.split else None
        named = (self.picture, self.label, *self.slices, self.group, split)
        return tuple(dict.fromkeys(name for name in named if name is not None))


@picture_reader("picture_table", PictureTableOptions)
def read_picture_table(path: Path, options: PictureTableOptions) -> Iterator[PictureRow]:
    """Rows of a table, or of all tables in a folder. A cell that names and holds nothing is an
    empty picture.

    Raises HarnessError, with file and row, for a path that leaves the table's folder or leads to no
    file, and for what is neither path nor bytes; and as reading tables of texts does.
    """
    for file in tables_at(path):
        hidden = (HIDDEN,) if class_names(file, options.label) else ()
        for number, cells in enumerate(_cells(file, options), 1):
            texts = {name: cell_text(file, name, cell) for name, cell in
                     zip(options.columns[1:], cells[1:], strict=True)}
            name, data = _picture(file, options.folder, f"{file.name} row {number}", cells[0])
            yield PictureRow(
                data, name, label_of(texts[options.label], options.separator, hidden),
                group=named(texts[options.group]) if options.group else None,
                slices={name: texts[name] for name in options.slices},
                split=split_of(file, texts, options.split) if options.split else None)


def _cells(file: Path, options: PictureTableOptions) -> Iterator[Sequence[object]]:
    kind = ""
    try:
        kind = kind_of(file)
        if kind in BINARY:
            yield from BINARY[kind](file, options, options.columns, AT_ONCE)
            return
    except FAILURES as error:
        raise unreadable(file, kind, error) from None
    yield from read_columns(file, options.columns, options)


def _picture(file: Path, folder: str, where: str, cell: Any) -> tuple[str, bytes]:
    """What errors call the picture of a cell, and its bytes."""
    data, path = (cell.get("bytes"), cell.get("path")) if isinstance(cell, dict) else (
        (cell, None) if isinstance(cell, bytes) else (None, cell))
    if not isinstance(data, bytes | None) or not isinstance(path, str | None):
        raise HarnessError(f"{where}: is neither a path nor the bytes of a picture: "
                           f"{excerpt(str(cell), 40)}", "Name another column as `picture`.")
    if data is not None:
        return (f"{where}: {PurePath(path).name}" if path else where), data
    if not path or not path.strip():
        return where, b""
    name = f"{where}: {excerpt(path, 80)}"
    return name, read_picture(_inside(file.parent, folder, path, name), name)


def _inside(home: Path, folder: str, path: str, name: str) -> Path:
    """The file that a path leads to. Raises HarnessError where it is not in the table's folder."""
    try:
        found = (home / folder / path).resolve()
        inside = found.is_relative_to(home.resolve())
    except (OSError, ValueError, RuntimeError):  # a loop of links, a NUL, a name too long
        inside = False
    if not inside:
        raise HarnessError(f"{name}: leads out of the table's folder", INSIDE)
    return found
