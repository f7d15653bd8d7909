"""Answers as tables of predictions, a row an item: by kind of task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from harness.measure.generation import answer_scores
from harness.study.answered import TARGETS
from harness.suite import Kind
from harness.targets.choices import COLUMN, are_choices, written
from harness.targets.kinds import TargetKind, by_kind
from harness.targets.regression import unread_as
from harness.targets.spans import NOTHING, Spans, spans_json
from harness.tasks.examples import Example, targets_of, weights_of
from harness.tasks.task import Task
from harness.tasks.wording import Wording

Tables = Callable[[Task, Sequence[Example], np.ndarray], pa.Table]


def table_of(task: Task, examples: Sequence[Example], said: np.ndarray) -> pa.Table:
    """What was answered to examples, as `Answering.predict` has it. A number that could not be
    read, NaN, counts as the mean of the task's training items, and spans as none."""
    return TABLES[task.kind](task, examples, said)


def unread_in(said: np.ndarray) -> int:
    """From how many answers no number, or no spans, could be read."""
    return int(pd.isna(said).sum())


def unread_notes(kind: TargetKind, unread: int, items: int) -> tuple[str, ...]:
    """What a reader of the figures must know of answers that could not be read."""
    what = kind.of("class", "number", "span", "answer")
    counts = kind.of("none of the classes" if kind.several else "wrong",
                     "the training items' mean", "none", "none")
    return (f"no {what} could be read from {unread} of {items} answers: each counts as {counts}",
            ) if unread else ()


def class_table(examples: Sequence[Example], said: np.ndarray, labels: Sequence[str]) -> pa.Table:
    """Item id, group, weight where items are weighted, slices and target, and one probability
    column a class; without a number in them where classes are only named (`targets.choices`)."""
    return pa.table(_shared(examples, "classification", labels) | _by_class(said, labels))


def set_table(examples: Sequence[Example], said: np.ndarray, labels: Sequence[str]) -> pa.Table:
    """As `class_table`, where an item may have several classes: its target is a JSON array of them,
    and `stratum` is what test items are stratified by."""
    columns = _shared(examples, "multilabel", labels) | {"stratum": [e.label for e in examples]}
    return pa.table(columns | _by_class(said, labels))


def _by_class(said: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    if not are_choices(said):
        return {f"p:{label}": said[:, i] for i, label in enumerate(labels)}
    return {COLUMN: pa.array(written(said, labels), pa.string())} | {
        f"p:{label}": pa.nulls(len(said), pa.float64()) for label in labels}


def number_table(examples: Sequence[Example], answers: np.ndarray, unread: np.ndarray) -> pa.Table:
    """Item id, group, weight where items are weighted, slices, and target and answer as numbers;
    `unread` says where none could be read, and the training mean stands."""
    columns = _shared(examples, "regression", ())
    return pa.table(columns | {"answer": answers, "unread": unread})


def span_table(examples: Sequence[Example], answers: Sequence[Spans], labels: Sequence[str]
               ) -> pa.Table:
    """Item id, group, weight where items are weighted, slices, stratum, and target and answer as
    JSON lists of spans with what they say."""
    columns = _shared(examples, "spans", labels) | {"stratum": [e.label for e in examples]}
    return pa.table(columns | {"answer": [spans_json(own, example.text, labels) for own, example
                                          in zip(answers, examples, strict=True)]})


def answer_table(examples: Sequence[Example], answers: Sequence[str], wording: Wording
                 ) -> pa.Table:
    """Item id, group, slices, first reference and stratum, the answer, and a column a score.

    Questions on one document are a group: their answers hang together.
    """
    columns = _shared(examples, "generation", ()) | {
        "stratum": [e.label for e in examples],
        "answer": list(answers)}
    columns |= {f"m:{name}": scores
                for name, scores in answer_scores(answers, examples, wording).items()}
    return pa.table(columns)


def _shared(examples: Sequence[Example], kind: Kind, labels: Sequence[str]) -> dict[str, object]:
    columns: dict[str, object] = {"item": [e.id for e in examples],
                                  "group": [e.cluster for e in examples]}
    weights = weights_of(examples)
    if weights is not None:
        columns["weight"] = weights
    for name in sorted({name for e in examples for name in e.slices}):
        columns[f"slice:{name}"] = [e.slices.get(name) for e in examples]
    columns["target"] = [TARGETS[kind](e, labels) for e in examples]
    return columns


def _numbers(task: Task, examples: Sequence[Example], said: np.ndarray) -> pa.Table:
    mean = float(targets_of(task.splits.train, 1).mean())
    return number_table(examples, unread_as(mean, said[:, 0]), np.isnan(said[:, 0]))


def _spans(task: Task, examples: Sequence[Example], said: np.ndarray) -> pa.Table:
    return span_table(examples, [own or NOTHING for own in said.tolist()], task.labels)


TABLES: Mapping[Kind, Tables] = by_kind(
    one=lambda task, examples, said: class_table(examples, said, task.labels),
    several=lambda task, examples, said: set_table(examples, said, task.labels),
    numbers=_numbers, spans=_spans,
    words=lambda task, examples, said: answer_table(examples, said.tolist(), task.wording))
