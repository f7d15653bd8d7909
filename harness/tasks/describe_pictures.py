"""What a stranger's pictures are: classes, and how large they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.common.kinds import Unreadable
from harness.inputs.picture_sizes import Size, sizes_of
from harness.tasks.describe import READER_OF, Described, describe, describe_numbers
from harness.tasks.examples import Row
from harness.tasks.picture_rows import with_pictures
from harness.tasks.prepare import RowsAt
from harness.tasks.readers import READERS, Reader, ReaderOptions
from harness.tasks.readers.picture_folders import PictureFolderOptions
from harness.tasks.readers.picture_tables import PictureTableOptions

PictureOptions = PictureFolderOptions | PictureTableOptions


def describe_pictures(places: Sequence[RowsAt], contents: Mapping[Path, str],
                      options: PictureOptions, signs: Sequence[str], unreadable: Unreadable, *,
                      numbers: bool) -> Described:
    """As `describe`, or where labels are `numbers` to answer with as `describe_numbers`, of
    pictures: every file is decoded, and kept in the cache. `contents` are sha256 of what lies at
    the places.

    Raises HarnessError as these do, UnreadableError where a file is no picture and none is left
    out.
    """
    sizes: dict[str, Size] = {}
    reader = _noting(with_pictures(READERS[READER_OF[type(options)]], contents, unreadable), sizes)
    found = (describe_numbers(places, options, reader) if numbers
             else describe(places, options, signs, reader))
    return dataclasses.replace(found, sizes=sizes_of(sizes.values()))


def _noting(reader: Reader, sizes: dict[str, Size]) -> Reader:
    """The same, which notes width and height of each picture by its identity."""
    def read(path: Path, options: ReaderOptions) -> Iterator[Row]:
        for row in reader.read(path, options):
            if row.picture is not None:
                sizes[row.picture.identity] = (row.picture.width, row.picture.height)
            yield row

    return dataclasses.replace(reader, read=read)
