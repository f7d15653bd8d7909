"""What a user says of the columns of their data, as the options of a reader."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from harness.common.errors import HarnessError
from harness.common.kinds import Input, Unreadable
from harness.tasks.describe import Options, find_folders_encoding, find_splits
from harness.tasks.readers.conll import SUFFIXES, ConllOptions
from harness.tasks.readers.folders import FolderOptions
from harness.tasks.readers.tables import LONGEST_SEPARATOR, TableOptions
from harness.tasks.separators import SEPARATORS
from harness.tasks.tables.form import Form
from harness.tasks.tables.found import find_form
from harness.tasks.tables.kinds import tables_at

NO_SEPARATOR = "none"


@dataclass(frozen=True)
class Columns:
    """What the user says of the columns."""

    text: str | None
    label: str | None
    pair: str | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()
    split: str | None = None
    numbers: bool = False
    """Whether labels are numbers to answer with."""
    separator: str | None = None
    """Between the values of a label that may hold several; `none` where they hold one whatever
    signs they have."""
    answers: str | None = None
    """Of answers in words: one, or a list of which each is right."""
    input: Input = "text"
    """What an item is."""
    image: str | None = None
    """Of pictures in a table: their paths, or their bytes."""
    unreadable: Unreadable | None = None
    """What becomes of files that are no pictures."""


def reader_options(paths: Sequence[Path], columns: Columns, said: Form) -> Options:
    """Of the reader that these files need. Raises HarnessError where they want columns that the
    user has not named, or has named twice."""
    if all(path.suffix.lower() in SUFFIXES for path in paths):
        return ConllOptions()
    tables = [table for path in paths for table in _tables(path, columns)]
    if not tables:
        return find_folders_encoding(paths, FolderOptions())
    if not columns.text or not columns.label:
        raise HarnessError(f"{tables[0].name}: which columns hold text and class?",
                           "Say --text COLUMN --label COLUMN, or --answers COLUMN where texts are "
                           "answered in words.")
    _check_distinct(columns)
    named = (columns.text, columns.label, columns.pair, columns.group, columns.split,
             *columns.slices)
    form = find_form(tables, tuple(c for c in named if c is not None), said)
    return TableOptions(
        text=columns.text, label=columns.label, pair=columns.pair, group=columns.group,
        slices=columns.slices, separator=columns.separator, **form.model_dump(),
        split=find_splits(tables, columns.split, form) if columns.split else None)


def signs_of(columns: Columns) -> tuple[Columns, Sequence[str]]:
    """The columns, and the signs to look for between the values of a label: none where the user
    says that there is none. Raises HarnessError for a separator that can be none."""
    said = columns.separator
    if said == NO_SEPARATOR:
        return dataclasses.replace(columns, separator=None), ()
    if said is not None and not 1 <= len(said) <= LONGEST_SEPARATOR:
        raise HarnessError(f"--separator '{said}': has {len(said)} characters",
                           f"Say what stands between two classes in a label, such as ';', or "
                           f"{NO_SEPARATOR} where a label is one class whatever signs it has.")
    return columns, SEPARATORS


def _check_distinct(columns: Columns) -> None:
    said = {"--text": columns.text, "--label": columns.label, "--pair": columns.pair}
    for one, other in combinations(said, 2):
        if said[one] is not None and said[one] == said[other]:
            raise HarnessError(f"{one} and {other} name one column: '{said[one]}'",
                               "Name a column each.")


def _tables(path: Path, columns: Columns) -> list[Path]:
    """The file, or the tables in a folder; none in a folder of texts by class."""
    if not path.is_dir():
        return [path]
    if not columns.text and not columns.label:
        return []
    try:
        return tables_at(path)
    except HarnessError as error:
        raise HarnessError(error.found, "Leave out --text and --label for a folder of texts by "
                           "class, or name a table.") from None
