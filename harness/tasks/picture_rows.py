"""Rows of pictures: each file is decoded once and kept, and what it shows becomes the item."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa

from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.kinds import Input
from harness.common.provenance import provenance
from harness.inputs.picture import Picture
from harness.inputs.picture_row import PictureRow
from harness.inputs.picture_store import PictureStore, open_store, store_folder
from harness.inputs.preparing import prepare
from harness.tasks.examples import Row
from harness.tasks.prepare import PICTURES, TEXTS
from harness.tasks.readers import Reader, ReaderOptions

Unreadable = Literal["error", "drop"]
SCHEMAS: dict[Input, pa.Schema] = {"text": TEXTS, "image": PICTURES}
"""Of the rows of each input, as they are written down."""
Said = tuple[str, str | None, dict[str, str], Literal["train", "validation", "test"] | None]
"""What is said of a picture beside its pixels: label, group, slices, split."""


def with_pictures(reader: Reader, contents: Mapping[Path, str], unreadable: Unreadable) -> Reader:
    """A reader of pictures as one of rows: each file is decoded, and what it shows is kept in the
    cache under the `contents`, sha256 of what lies at a path, and what reads it.

    It raises HarnessError where a file is no picture and none is left out, naming the first.
    """
    def read(path: Path, options: ReaderOptions) -> Iterator[Row]:
        said: list[Said] = []
        folder = _folder(reader, contents[path], options)
        store = _prepared(_noted(reader.read(path, options), said), folder)
        faults = [found for _, found in store.faults]
        if faults and unreadable == "error":
            more = f" (and {len(faults) - 1:,} more files)" if len(faults) > 1 else ""
            raise HarnessError(f"{faults[0]}{more}", "Mend it, or set `unreadable: drop` in the "
                               "suite's `task`: such files are then left out and counted.")
        yield from _rows(store, said, folder)

    return dataclasses.replace(reader, read=read)


def keep_pictures(reader: Reader, contents: Mapping[Path, str], options: ReaderOptions) -> None:
    """Prepare again the pictures of rows that are kept, where the cache has lost them."""
    for path, content in contents.items():
        folder = _folder(reader, content, options)
        if open_store(folder) is None:
            prepare(reader.read(path, options), folder)


def _folder(reader: Reader, content: str, options: ReaderOptions) -> Path:
    made = provenance(reader.read.__module__).key
    return store_folder(sha256_json([content, reader.read.__module__,
                                     options.model_dump(mode="json"), made]))


def _noted(rows: Iterator[PictureRow], said: list[Said]) -> Iterator[PictureRow]:
    """The same rows; what is said of each is noted on the way."""
    for row in rows:
        said.append((row.label, row.group, dict(row.slices), row.split))
        yield row


def _prepared(rows: Iterator[PictureRow], folder: Path) -> PictureStore:
    kept = open_store(folder)
    if kept is None:
        return prepare(rows, folder)
    for _ in rows:  # the labels are read; the pictures are kept
        pass
    return kept


def _rows(store: PictureStore, said: Sequence[Said], folder: Path) -> Iterator[Row]:
    """A row without a picture has nothing to read, and is counted as such."""
    for fact, (label, group, slices, split) in zip(store.facts.to_pylist(), said, strict=True):
        picture = None if fact["identity"] is None else Picture(
            fact["identity"], fact["perceptual"], fact["name"], fact["width"], fact["height"],
            folder.name)
        yield Row("", label, group=group, slices=slices, split=split, picture=picture)
