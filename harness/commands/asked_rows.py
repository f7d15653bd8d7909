"""The rows of a table, or the pictures of a folder, that a model is asked about."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.common.errors import HarnessError
from harness.common.text import excerpt, plain
from harness.inputs.held_picture import held_picture
from harness.inputs.picture_files import ENDINGS, OTHERS, called
from harness.suite import LoadedSuite
from harness.tasks.examples import Item, item_of_picture
from harness.tasks.readers.picture_folders import visible
from harness.tasks.readers.picture_tables import cells_of, picture_in
from harness.tasks.tables.columns import cell_text
from harness.tasks.tables.form import Form
from harness.tasks.tables.found import find_form
from harness.tasks.tables.kinds import tables_at

LONGEST_NAME = 200


@dataclass(frozen=True)
class AskedRow:
    """A row of the input."""

    item: Item | None
    """None where it holds nothing that can be answered."""
    file: str | None = None
    """What a picture's file is called, where it has one."""
    fault: str | None = None
    """Why there is no item."""
    cells: tuple[str, ...] = ()
    """Of the columns of a table that were asked for beside it."""


def picture_item(given: Any, name: str) -> Item:
    """The item that a picture is, as `held_picture` has pictures. Raises HarnessError."""
    return item_of_picture(held_picture(given, name))


def picture_items(given: Sequence[Any]) -> list[Item]:
    """The items of some pictures. Raises HarnessError, with its place, for what is none."""
    if isinstance(given, str | bytes):
        raise HarnessError("a single picture was given", "Give a sequence of pictures: [picture].")
    return [picture_item(one, str(one) if isinstance(one, str | Path) else f"picture {number}")
            for number, one in enumerate(given)]


def picture_rows(loaded: LoadedSuite, source: Path | Sequence[Any], column: str | None, said: Form,
                 beside: Sequence[str] = ()) -> Iterator[AskedRow]:
    """A row for each picture: of a folder, at any depth and in the order of paths, of a table, of a
    file that is one, or of a sequence as `held_picture` has pictures. What is no picture has its
    fault. `beside` names more columns of a table. Raises HarnessError for what cannot be read at
    all, and for columns of what is no table.
    """
    if not isinstance(source, Path):
        return _of_no_table("a sequence", beside, _in_memory(source))
    if not source.exists():
        raise HarnessError(f"{source}: there is no such file or folder",
                           "Name a folder of pictures, or a table with a column of them.")
    if source.suffix.lower() in ENDINGS:
        return _of_no_table(source.name, beside, _of_files(source.parent, [source]))
    if source.is_dir() and column is None:
        found = [path for path in sorted(visible(source))
                 if path.suffix.lower() in ENDINGS | OTHERS]
        if not found:
            raise HarnessError(f"{source}: holds no pictures", "Give pictures; of a folder of "
                               "tables name the column with --image.")
        return _of_no_table(source.name, beside, _of_files(source, found))
    return _of_tables(loaded, source, column, said, beside)


def _of_no_table(name: str, beside: Sequence[str], rows: Iterator[AskedRow]
                 ) -> Iterator[AskedRow]:
    if beside:
        raise HarnessError(f"{name}: has no column '{beside[0]}': it holds pictures alone",
                           "Give a table with a column of the pictures' paths.")
    return rows


def _in_memory(given: Sequence[Any]) -> Iterator[AskedRow]:
    for number, one in enumerate(given):
        file = str(one) if isinstance(one, str | Path) else None
        yield _row(one, file or f"picture {number}", file)


def _of_files(folder: Path, files: Sequence[Path]) -> Iterator[AskedRow]:
    for path in files:
        name = called(path, folder)
        yield _row(path, name, name)


def _of_tables(loaded: LoadedSuite, source: Path, column: str | None, said: Form,
               beside: Sequence[str]) -> Iterator[AskedRow]:
    options = loaded.suite.task.reader.options
    known = options if isinstance(options, dict) else {}
    name, folder = column or str(known.get("picture", "picture")), str(known.get("folder", ""))
    for file in tables_at(source):
        columns = list(dict.fromkeys([name, *beside]))
        at = [columns.index(one) for one in beside]
        form = find_form([file], columns, said)
        for number, cells in enumerate(cells_of(file, form, columns), 1):
            cell: Any = cells[0]
            more = tuple(cell_text(file, columns[i], cells[i]) for i in at)
            path = cell.get("path") if isinstance(cell, dict) else cell
            shown = excerpt(plain(path), LONGEST_NAME) if isinstance(path, str) and path else None
            try:
                called, data = picture_in(file, folder, f"{file.name} row {number}", cell)
            except HarnessError as error:
                yield AskedRow(None, shown, error.found, more)
                continue
            yield dataclasses.replace(_row(data, called, shown), cells=more)


def _row(given: Any, name: str, file: str | None) -> AskedRow:
    try:
        return AskedRow(picture_item(given, name), file)
    except HarnessError as error:
        return AskedRow(None, file, error.found)
