"""Batch predictions by a kept run or a model from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from harness.backbones.finite import not_finite
from harness.commands.gate import Asked, make_context
from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.common.files import atomic_file
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
CHUNK = 4096
"""Rows in memory with their predictions at once."""


def predict(console: Console, asked: Asked, source: Path, output: Path, text: str | None,
            pair: str | None, said: Form = PLAIN) -> Predicted:
    """Write the prediction for every row of a table to a Parquet file, with the probabilities of
    the classes where the task has some; a list of classes where a text may have several.

    A row is numbered by its place in the table, from 0; in one column blank lines are rows too.
    """
    if output.suffix != ".parquet":
        raise HarnessError(f"{output}: predictions are written as Parquet",
                           "Name a file that ends in .parquet.")
    loaded = load_suite(find_suite(asked.suite, asked.suites), asked.profile)
    context = make_context(asked, loaded, loaded.suite.budget_for(None))
    columns = columns_in(loaded, text, pair)
    rows = rows_of(loaded, source, columns, said, text is not None)
    candidate = find_candidate(asked.candidate, context)
    print_lines(console, (f"{candidate.name}: {note}" for note in candidate.notes))
    model = candidate.model.load()
    unanswered: list[int] = []
    count = _write(output, _tables(model, rows, context.task, unanswered))
    return Predicted(count, output, tuple(unanswered))


def columns_of(asked: Asked, text: str | None, pair: str | None) -> list[str]:
    """The columns of a table for a suite: see `columns_in`."""
    return columns_in(load_suite(find_suite(asked.suite, asked.suites), asked.profile), text, pair)


def rows_of(loaded: LoadedSuite, source: Path, columns: list[str], said: Form, named: bool
            ) -> list[tuple[str, ...]]:
    """The table as it is written: it need not be written as the suite's own data is, unless the
    columns are its own and not `named`."""
    form = said if named else _as_in(loaded, said)
    return list(read_columns(source, columns, find_form([source], columns, form)))


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


def _tables(model: Answering, rows: list[tuple[str, ...]], task: Task, unanswered: list[int]
            ) -> Iterator[pa.Table]:
    """The rows with their answers, a part at a time; adds to `unanswered` the rows whose
    probabilities are no numbers, or whose answer holds none, and which therefore have none. Answers
    that only name classes have no probabilities."""
    for start in range(0, len(rows), CHUNK):
        chunk = [item_of(*row) for row in rows[start: start + CHUNK]]
        found = model.predict(chunk, Clock())
        silent = _silent(found, task)
        unanswered += [start + row for row in silent]
        without = np.isin(np.arange(len(chunk)), silent)
        answers, kind = _answers(found, chunk, task)
        columns: dict[str, object] = {
            "row": range(start, start + len(chunk)), "item": [e.id for e in chunk],
            "prediction": pa.array(answers, kind, mask=without)}
        if KINDS[task.kind].classes and not are_choices(found):
            columns |= {f"p:{label}": pa.array(found[:, i], mask=without)
                        for i, label in enumerate(task.labels)}
        yield pa.table(columns)


def _silent(found: np.ndarray, task: Task) -> list[int]:
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
