"""A user's own pictures: a folder a class, or a table with a column of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.check.finding import Finding
from harness.check.near import check_near
from harness.check.near_pictures import near_duplicates
from harness.commands.columns import Columns
from harness.commands.data import Data
from harness.common.errors import HarnessError
from harness.common.text import folded
from harness.sources.fetch import fetch
from harness.suite.source import DataSource
from harness.tasks.describe import READER_OF, SPLIT_WORDS, Described, find_splits
from harness.tasks.describe_pictures import PictureOptions, describe_pictures
from harness.tasks.examples import SPLITS, SplitName
from harness.tasks.picture_rows import UnreadableError, content_of
from harness.tasks.prepare import RowsAt
from harness.tasks.readers import READERS
from harness.tasks.readers.picture_folders import PictureFolderOptions
from harness.tasks.readers.picture_tables import PictureTableOptions
from harness.tasks.splits import Splits
from harness.tasks.tables.form import Form
from harness.tasks.tables.found import find_form
from harness.tasks.tables.kinds import tables_at
from harness.tasks.task import sources_by_split


def look_at_pictures(source: DataSource, columns: Columns, said: Form, signs: Sequence[str],
                     suites: Path) -> Described:
    """What a folder or a table of pictures holds; each is decoded once, and kept in the cache.

    Raises HarnessError for columns that pictures do not have, for files that are no pictures unless
    they are to be left out, and for what cannot be read.
    """
    _check_said(columns)
    fetched = [(split, part, fetch(part, suites.resolve()))
               for split, part in sources_by_split(source)]
    places = [RowsAt(found.path, split) for split, _, found in fetched]
    options = _options([place.path for place in places], columns, said)
    reader = READERS[READER_OF[type(options)]]
    contents = {found.path: content_of(reader, part, found, options) for _, part, found in fetched}
    try:
        return describe_pictures(places, contents, options, signs, columns.unreadable or "error",
                                 numbers=columns.numbers)
    except UnreadableError as error:
        raise HarnessError(error.found, "Mend it, or say --unreadable drop: such files are then "
                           "left out and counted.") from None


def _check_said(columns: Columns) -> None:
    of_texts = {"--text": columns.text, "--pair": columns.pair, "--answers": columns.answers}
    of_tables = {"--label": columns.label, "--split-column": columns.split,
                 "--slice": columns.slices or None, "--separator": columns.separator,
                 "--numbers": columns.numbers or None}
    for option, text in of_texts.items():
        if text is not None:
            raise HarnessError(f"{option}: is of texts, and the items are pictures",
                               f"Leave {option} out.")
    for option, value in of_tables.items():
        if columns.image is None and value is not None:
            raise HarnessError(f"{option} with --images: in a folder the class is the name of the "
                               "folder that a picture lies in",
                               "Leave it out, or give a table: --data TABLE --image COLUMN.")


def _options(paths: Sequence[Path], columns: Columns, said: Form) -> PictureOptions:
    if columns.image is None:
        return PictureFolderOptions(group=columns.group)
    if not columns.label or columns.label == columns.image:
        raise HarnessError(f"{paths[0].name}: which column holds the class?",
                           "Say --label COLUMN.")
    tables = [table for path in paths for table in tables_at(path)]
    named = (columns.image, columns.label, columns.group, columns.split, *columns.slices)
    form = find_form(tables, tuple(c for c in named if c is not None), said)
    return PictureTableOptions(
        picture=columns.image, label=columns.label, group=columns.group, slices=columns.slices,
        separator=columns.separator, **form.model_dump(),
        split=find_splits(tables, columns.split, form) if columns.split else None)


def by_split(data: Data) -> Data:
    """The folders of the splits, where a folder of pictures has nothing but these; without one for
    test, that for validation takes its place."""
    whole = Path(data.whole)
    if data.test is not None or not whole.is_dir():
        return data
    folders = [Path(entry.path) for entry in os.scandir(whole)
               if entry.is_dir() and not entry.name.startswith(".")]
    found: dict[SplitName, Path] = {split: path for path in folders for split in SPLITS
                                    if folded(path.name) in SPLIT_WORDS[split]}
    if len(found) < len(folders) or "train" not in found or len(found) < 2:
        return data
    test = found.get("test") or found.pop("validation")
    held = found.get("validation")
    return Data(str(found["train"]), None if held is None else str(held), str(test), data.config,
                data.form)


def alike(drawn: Splits) -> Iterator[Finding]:
    """Near-duplicates among the pictures that a budget draws; it is said where there are none."""
    found = list(check_near(drawn, near_duplicates))
    count = len(drawn.train) + len(drawn.validation) + len(drawn.test)
    if not found:
        yield Finding(severity="note", check="duplicates", count=0,
                      found=f"no near-duplicates among the {count:,} pictures that the default "
                            "profile draws", suggestion="Nothing to do.")
    yield from found
