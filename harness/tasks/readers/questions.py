"""Questions with reference answers: CSV, TSV, JSONL and Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.common.text import tidy_lines
from harness.tasks.cells import entries
from harness.tasks.examples import Row
from harness.tasks.readers import ReaderOptions, reader
from harness.tasks.readers.tables import named
from harness.tasks.tables.columns import read_columns
from harness.tasks.tables.form import Form
from harness.tasks.tables.kinds import tables_at


class QuestionOptions(ReaderOptions, Form):
    """Which column means what, and how the table is written."""

    text: str
    answers: str
    """A text, or a list of texts: a JSON array."""
    document: str | None = None
    """Id, or whole text, of the document of the corpus that a question is about; a blank cell names
    none."""
    group: str | None = None
    slices: tuple[str, ...] = ()


@reader("questions", QuestionOptions)
def read_questions(path: Path, options: QuestionOptions) -> Iterator[Row]:
    """Rows of a table of questions, or of all tables in a folder. Raises HarnessError as the
    reader `table` does."""
    wanted = [options.text, options.answers, *options.slices,
              *(c for c in (options.document, options.group) if c is not None)]
    cells = (values for file in tables_at(path) for values in read_columns(file, wanted, options))
    for values in cells:
        row = dict(zip(wanted, values, strict=True))
        yield Row(
            text=row[options.text], label="", references=_references(row[options.answers]),
            document=named(row[options.document]) if options.document else None,
            group=named(row[options.group]) if options.group else None,
            slices={name: row[name] for name in options.slices},
        )


def _references(cell: str) -> tuple[str, ...]:
    """A list's texts, or the cell itself, by lines; nulls and empty ones are left out."""
    found = entries(cell)
    texts = dict.fromkeys(map(tidy_lines, (cell,) if found is None else found))
    return tuple(filter(None, texts))
