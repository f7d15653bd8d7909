"""Tables, with columns named by the suite."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field

from harness.common.errors import HarnessError
from harness.common.text import blank, excerpt, value_key
from harness.tasks.cells import entries
from harness.tasks.examples import SPLITS, Row, SplitName, as_array
from harness.tasks.readers import ReaderOptions, reader
from harness.tasks.span_cells import spans_cell
from harness.tasks.tables.columns import read_columns
from harness.tasks.tables.form import Form
from harness.tasks.tables.kinds import tables_at
from harness.tasks.tables.parquet import class_names
from harness.tasks.word_tags import text_and_spans

HIDDEN = "-1"
"""How `datasets` writes the number of a class that is not known."""
LONGEST_SEPARATOR = 8


class SplitColumn(ReaderOptions):
    """A column that names each row's split, and its values for each."""

    column: str
    train: tuple[str, ...] = ("train",)
    validation: tuple[str, ...] = ("validation",)
    test: tuple[str, ...] = ("test",)


class TableOptions(ReaderOptions, Form):
    """Which column means what, and how the table is written."""

    text: str
    label: str
    pair: str | None = None
    group: str | None = None
    document: str | None = None
    """Id, or whole text, of the document of the corpus that an item is about; a blank cell names
    none."""
    slices: tuple[str, ...] = ()
    split: SplitColumn | None = None
    tagged: bool = False
    """Whether a text is a list of words, and its label a list of their tags: B-class, I-class, O.
    """
    separator: str | None = Field(None, min_length=1, max_length=LONGEST_SEPARATOR)
    """Between the values of a label cell that may hold several; an empty cell holds none. Lists of
    JSON and Parquet need none."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All that are read, each once."""
        split = self.split.column if self.split else None
        named = (self.text, self.label, *self.slices, self.pair, self.group, self.document, split)
        return tuple(dict.fromkeys(name for name in named if name is not None))


@reader("table", TableOptions)
def read_table(path: Path, options: TableOptions) -> Iterator[Row]:
    """Rows of a table, or of all tables in a folder; the format follows a file's ending, below that
    of its packing if it is packed (`.bz2`, `.gz`, `.xz`).

    Raises HarnessError for an unreadable file, a missing column or an unlisted split.
    """
    for file in tables_at(path):
        names = class_names(file, options.label)
        hidden = (HIDDEN,) if names else ()
        for values in read_columns(file, options.columns, options):
            row = dict(zip(options.columns, values, strict=True))
            text, label = row[options.text], row[options.label]
            if options.tagged:
                text, label = _of_words(file, text, label, names)
            yield Row(
                text=text, label=label_of(label, options.separator, hidden),
                pair=row[options.pair] if options.pair else None,
                group=named(row[options.group]) if options.group else None,
                document=named(row[options.document]) if options.document else None,
                slices={name: row[name] for name in options.slices},
                split=split_of(file, row, options.split) if options.split else None,
            )


def _of_words(path: Path, words: str, tags: str, names: Sequence[str]) -> tuple[str, str]:
    """The text and the cell of its spans. Tags that are numbers have these names."""
    try:
        listed, tagged = json.loads(words or "[]"), json.loads(tags or "[]")
        known = [names[tag] if isinstance(tag, int) else str(tag) for tag in tagged]
        text, spans = text_and_spans(list(map(str, listed)), known)
    except HarnessError as error:
        raise HarnessError(f"{path.name}: {error.found}", error.fix) from None
    except (ValueError, TypeError):
        raise HarnessError(f"{path.name}: `tagged`, and a row holds no list of words beside one of "
                           f"tags: {excerpt(words, 40)}, {excerpt(tags, 40)}",
                           "Take such rows out, or name other columns.") from None
    except IndexError:
        raise HarnessError(f"{path.name}: a tag of '{excerpt(tags, 40)}' is a number that has no "
                           "name", "Give tags by name: B-class, I-class, O.") from None
    return text, spans_cell(spans)


def label_of(cell: str, separator: str | None, hidden: tuple[str, ...]) -> str:
    """The cell, or a JSON array of its values where they are separated in it; nothing where it is
    hidden."""
    if separator is None or entries(cell) is not None:
        return "" if value_key(cell) in hidden else cell.strip()
    return as_array(cell.split(separator))


def named(cell: str) -> str | None:
    """A group's name; None where the cell is empty, for such rows have nothing in common."""
    return None if blank(cell) else cell


def split_of(path: Path, row: dict[str, str], options: SplitColumn) -> SplitName:
    """The split that a row names. Raises HarnessError for a value that is none."""
    value = row[options.column].strip()
    for split in SPLITS:
        if value in getattr(options, split):
            return split
    raise HarnessError(f"{path.name}: a row's '{options.column}' is '{value}', which is no split",
                       "List it as train, validation or test of the reader's `split`, or take "
                       "such rows out.")
