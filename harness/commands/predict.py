"""Batch predictions by a kept run or a model from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from harness.backbones.finite import not_finite
from harness.commands.asked_rows import AskedRow, picture_rows
from harness.commands.gate import Asked, make_context
from harness.common.capabilities import INPUTS
from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.common.files import atomic_file
from harness.common.kinds import Input
from harness.gate.candidate import find_candidate
from harness.methods.fitted import Answering
from harness.methods.link import CLASS_LINKS
from harness.report.lines import print_lines
from harness.report.predicted import Predicted
from harness.suite import LoadedSuite, find_suite, load_suite
from harness.targets.choices import are_choices, as_probabilities
from harness.targets.kinds import KINDS
from harness.targets.spans import spans_json
from harness.tasks.examples import Item, item_id
from harness.tasks.tables.columns import read_columns
from harness.tasks.tables.form import PLAIN, Form
from harness.tasks.tables.found import find_form
from harness.tasks.task import Task

SPANS = pa.list_(pa.struct({"start": pa.int64(), "end": pa.int64(), "label": pa.string(),
                            "text": pa.string()}))
TOGETHER: dict[Input, int] = {"text": 4096, "image": 64}
"""Rows in memory with their predictions at once; of pictures, with their files."""


@dataclass(frozen=True)
class AskedColumns:
    """Which columns hold what is asked; None for those of the suite's own data."""

    text: str | None = None
    pair: str | None = None
    image: str | None = None


def predict(console: Console, asked: Asked, source: Path | Sequence[Any], output: Path,
            columns: AskedColumns, said: Form = PLAIN) -> Predicted:
    """Write the prediction for every row of a table to a Parquet file, with the probabilities of
    the classes where the task has some; a list of classes where a text may have several. Of a task
    of pictures, for every picture of a folder, a table or a sequence, with what its file is called.

    A row is numbered by its place in the table, from 0; in one column blank lines are rows too.
    """
    if output.suffix != ".parquet":
        raise HarnessError(f"{output}: predictions are written as Parquet",
                           "Name a file that ends in .parquet.")
    loaded = load_suite(find_suite(asked.suite, asked.suites), asked.profile)
    context = make_context(asked, loaded, loaded.suite.budget_for(None))
    rows = ROWS[context.task.input](loaded, source, columns, said)
    candidate = find_candidate(asked.candidate, context)
    print_lines(console, (f"{candidate.name}: {note}" for note in candidate.notes))
    model = candidate.model.load()
    unanswered: list[int] = []
    count = _write(output, _tables(model, rows, context.task, unanswered))
    return Predicted(count, output, tuple(unanswered))


def rows_of(loaded: LoadedSuite, source: Path, columns: list[str], said: Form, named: bool
            ) -> list[tuple[str, ...]]:
    """The table as it is written: it need not be written as the suite's own data is, unless the
    columns are its own and not `named`."""
    form = said if named else _as_in(loaded, said)
    return list(read_columns(source, columns, find_form([source], columns, form)))


def columns_of(asked: Asked, columns: AskedColumns) -> list[str]:
    """The columns of a table of texts for a suite: see `columns_in`. Raises HarnessError for
    columns of other items than the suite's are."""
    loaded = load_suite(find_suite(asked.suite, asked.suites), asked.profile)
    check_columns(loaded, columns)
    return columns_in(loaded, columns.text, columns.pair)


def check_columns(loaded: LoadedSuite, columns: AskedColumns) -> None:
    """Raises HarnessError for columns of other items than the suite's are."""
    others = {"text": {"--image": columns.image},
              "image": {"--text": columns.text, "--pair": columns.pair}}
    for option, value in others[loaded.suite.task.input].items():
        if value is not None:
            raise HarnessError(f"{option}: the items of {loaded.suite.name} are "
                               f"{INPUTS[loaded.suite.task.input].items}", f"Leave {option} out.")


def reads_pictures(suite: str, profile: str | None, suites: Path) -> bool:
    """Whether the items of a suite are pictures."""
    loaded = load_suite(find_suite(suite, suites), profile)
    return not INPUTS[loaded.suite.task.input].in_words


def _text_rows(loaded: LoadedSuite, source: Path | Sequence[Any], asked: AskedColumns, said: Form
               ) -> Iterable[AskedRow]:
    if not isinstance(source, Path):
        raise HarnessError("rows of texts are read from a table", "Name its file.")
    columns = columns_in(loaded, asked.text, asked.pair)
    return [AskedRow(item_of(*row))
            for row in rows_of(loaded, source, columns, said, asked.text is not None)]


ROWS: dict[Input, Callable[[LoadedSuite, Path | Sequence[Any], AskedColumns, Form],
                           Iterable[AskedRow]]] = {
    "text": _text_rows,
    "image": lambda loaded, source, asked, said: picture_rows(loaded, source, asked.image, said)}


def _as_in(loaded: LoadedSuite, said: Form) -> Form:
    """Without a header where the suite's own data, whose columns are read, has none."""
    options = loaded.suite.task.reader.options
    header = options.get("header") if isinstance(options, dict) else None
    return said if said.header or header != "none" else said.model_copy(update={"header": header})


def columns_in(loaded: LoadedSuite, text: str | None, pair: str | None) -> list[str]:
    """Column of the text, and of the second text where the task has pairs: the user's word, else
    the reader's own, else `text` and `pair`."""
    options = loaded.suite.task.reader.options
    known = options if isinstance(options, dict) else {}
    columns = [text or str(known.get("text", "text"))]
    if "{pair}" in loaded.suite.task.prompt.item:
        columns.append(pair or str(known.get("pair", "pair")))
    return columns


def _tables(model: Answering, rows: Iterable[AskedRow], task: Task, unanswered: list[int]
            ) -> Iterator[pa.Table]:
    """The rows with their answers, a part at a time; adds to `unanswered` the rows that hold
    nothing to answer, whose probabilities are no numbers, or whose answer holds none, and which
    therefore have none. Answers that only name classes have no probabilities."""
    left, start = iter(rows), 0
    while part := list(islice(left, TOGETHER[task.input])):
        items = [row.item for row in part if row.item is not None]
        answered, silent = _answered(model, items, task)
        places = np.cumsum([row.item is not None for row in part]) - 1
        held = [None if row.item is None else int(place)
                for row, place in zip(part, places, strict=True)]
        unanswered += [start + i for i, place in enumerate(held)
                       if place is None or place in silent]
        yield _named(answered.take(pa.array(held, pa.int64())), part, start, task.input)
        start += len(part)


def _answered(model: Answering, items: list[Item], task: Task) -> tuple[pa.Table, set[int]]:
    """Ids and answers of some items, and those among them that have none."""
    found = (model.predict(items, Clock()) if items
             else np.zeros((0, len(task.labels) or 1)))
    silent = _silent(found, task)
    without = np.isin(np.arange(len(items)), silent)
    answers, kind = _answers(found, items, task)
    columns: dict[str, object] = {"item": pa.array([e.id for e in items], pa.string()),
                                  "prediction": pa.array(answers, kind, mask=without)}
    if KINDS[task.kind].classes and not are_choices(found):
        columns |= {f"p:{label}": pa.array(found[:, i], mask=without)
                    for i, label in enumerate(task.labels)}
    return pa.table(columns), set(silent)


def _named(answered: pa.Table, rows: Sequence[AskedRow], start: int, read: Input) -> pa.Table:
    """With each row's number; of pictures also what the file is called, and why one has no
    answer."""
    numbered = answered.add_column(0, "row", pa.array(range(start, start + len(rows))))
    if INPUTS[read].in_words:
        return numbered
    return (numbered.add_column(1, "file", pa.array([row.file for row in rows], pa.string()))
            .append_column("fault", pa.array([row.fault for row in rows], pa.string())))


def _silent(found: np.ndarray, task: Task) -> Sequence[int]:
    """The rows that have no answer."""
    kind = KINDS[task.kind]
    if kind.tagged or (kind.classes and are_choices(found)):
        return [row for row, own in enumerate(found) if own is None]
    return [] if kind.questions else not_finite(found)


def _answers(found: np.ndarray, items: Sequence[Item], task: Task
             ) -> tuple[list[object], pa.DataType]:
    """The answer to each row with its type: a class, a list of classes, a number, spans, or words.
    """
    kind = KINDS[task.kind]
    if kind.questions:
        return found.tolist(), pa.string()
    if kind.tagged:
        return list(spans_of(found, items, task.labels)), SPANS
    if not kind.classes:
        return found[:, 0].tolist(), pa.float64()
    chosen = CLASS_LINKS[task.kind].chosen(as_probabilities(found, len(task.labels)))
    named = [[task.labels[i] for i in np.flatnonzero(row)] for row in chosen]
    if kind.several:
        return list(named), pa.list_(pa.string())
    return [name[0] if name else None for name in named], pa.string()


def spans_of(found: np.ndarray, items: Sequence[Item], labels: Sequence[str]) -> np.ndarray:
    """Spans as people read them: [items] of lists of dicts, or None."""
    shown = np.empty(len(items), dtype=object)
    shown[:] = [None if own is None else json.loads(spans_json(own, item.text, labels))
                for own, item in zip(found, items, strict=True)]
    return shown


def item_of(text: str, pair: str | None = None) -> Item:
    """What is asked of a row."""
    return Item(item_id(text, pair), text, pair)


def _write(output: Path, tables: Iterator[pa.Table]) -> int:
    """All tables into one file, which is there as a whole or not at all. Returns the rows."""
    first = next(tables, None)
    if first is None:
        raise HarnessError("the input holds no rows", "Give data.")
    count = 0
    with atomic_file(output) as stream, pq.ParquetWriter(stream, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table)
            count += len(table)
    return count
