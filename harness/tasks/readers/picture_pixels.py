"""Tables in lines whose rows are small grey pictures: a column a pixel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from harness.common.errors import HarnessError
from harness.inputs.picture_row import PictureRow
from harness.tasks.readers import ReaderOptions, picture_reader
from harness.tasks.readers.tables import named
from harness.tasks.tables.columns import read_columns
from harness.tasks.tables.form import Form, absent
from harness.tasks.tables.kinds import tables_at
from harness.tasks.tables.lines import head

LONGEST = 1_024
"""Pixels a side; of more, a row is a file of its own."""


class PicturePixelsOptions(ReaderOptions, Form):
    """Which column is what, how large a picture is, and how the table is written. All columns but
    label and group are pixels, row by row, from 0 (black) to 255."""

    label: str
    width: int = Field(ge=1, le=LONGEST)
    height: int = Field(ge=1, le=LONGEST)
    group: str | None = None


@picture_reader("pixels", PicturePixelsOptions)
def read_picture_pixels(path: Path, options: PicturePixelsOptions) -> Iterator[PictureRow]:
    """Rows of a table, or of all tables in a folder; each picture is a PGM file.

    Raises HarnessError for another number of columns than pixels, and, with the row, for a value
    that is no whole number of 8 bits; and as reading tables of texts does.
    """
    said = [options.label, *([options.group] if options.group else [])]
    header = f"P5 {options.width} {options.height} 255\n".encode()
    for file in tables_at(path):
        wanted = [*said, *_pixels(file, said, options)]
        for number, cells in enumerate(read_columns(file, wanted, options), 1):
            where = f"{file.name} row {number}"
            try:
                data = header + bytes(map(int, cells[len(said):]))
            except ValueError:
                raise HarnessError(f"{where}: has a pixel that is no whole number from 0 to 255",
                                   "Mend the row, or name its label's column.") from None
            yield PictureRow(data, where, cells[0],
                             group=named(cells[1]) if options.group else None)


def _pixels(file: Path, said: list[str], options: PicturePixelsOptions) -> list[str]:
    names = head(file, options)
    for column in said:
        if column not in names:
            raise absent(file, column, names)
    found = [name for name in names if name not in said]
    if len(found) != options.width * options.height:
        raise HarnessError(f"{file.name}: has {len(found):,} columns for {options.width} × "
                           f"{options.height} pixels", "Mend the reader's `width` and `height`.")
    return found
