"""What a fitted method answers and how good it is, by kind of task: parts of a record, a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa

from harness.backbones.finite import check_finite
from harness.common.clock import Clock
from harness.measure.citations import citations
from harness.measure.generation import generation
from harness.measure.multilabel import SetQuality, set_quality, set_quality_of
from harness.measure.overfitting import overfitting
from harness.measure.part import RecordPart
from harness.measure.quality import Quality, quality, quality_of
from harness.measure.regression import regression
from harness.measure.slices import Slice, slices
from harness.measure.spans import span_quality
from harness.methods.fitted import Answering, declared
from harness.study.tables import table_of, unread_in, unread_notes
from harness.suite import Kind
from harness.targets.answers import read_answers
from harness.targets.choices import are_choices
from harness.targets.kinds import KINDS, by_kind
from harness.targets.marked import Marked
from harness.targets.regression import Numbered
from harness.targets.spans import NOTHING, found
from harness.tasks.examples import Example, asked, indicator, targets_of, weights_of
from harness.tasks.task import Task

if TYPE_CHECKING:
    from harness.methods.open_book import PassageRetriever


@dataclass(frozen=True)
class Outcome:
    """Fields of a record by name, and a row a test item."""

    parts: Mapping[str, RecordPart | tuple[Slice, ...]]
    table: pa.Table
    notes: tuple[str, ...] = ()


def outcome(task: Task, fitted: Answering) -> Outcome:
    """Have the method answer the items once and measure its answers."""
    found = OUTCOMES[task.kind](task, fitted)
    weights = weights_of(task.splits.test)
    by_slice = slices(read_answers(task.kind, [found.table], task.labels, weights),
                      task.splits.test)
    return replace(found, parts={**found.parts, "slices": by_slice})


def _of_classes(task: Task, fitted: Answering) -> Outcome:
    form, splits, labels = _form(task.kind), task.splits, task.labels
    test = fitted.predict(asked(splits.test), Clock())
    if are_choices(test):
        return _named(task, test)
    check_finite(test, splits.test, "probabilities")
    figures = form.quality(test, splits.test, labels)
    seen = splits.train[: len(splits.validation)]
    gap = overfitting(
        form.quality(_probabilities(fitted, seen), seen, labels),
        form.quality(_probabilities(fitted, splits.validation), splits.validation, labels),
        figures)
    return Outcome({form.part: figures, "overfitting": gap}, table_of(task, splits.test, test))


def _named(task: Task, choices: np.ndarray) -> Outcome:
    """Of answers that only name classes. They are asked for what is measured alone: training items
    would have to be paid for."""
    form, test, labels = _form(task.kind), task.splits.test, task.labels
    silent = unread_in(choices)
    table = table_of(task, test, choices)
    run = read_answers(task.kind, [table], labels, weights_of(test)).run(0)
    return Outcome({form.part: form.of_run(run, labels, silent)}, table,
                   unread_notes(KINDS[task.kind], silent, len(test)))


def _probabilities(fitted: Answering, examples: Sequence[Example]) -> np.ndarray:
    said = fitted.predict(asked(examples), Clock())
    check_finite(said, examples, "probabilities")
    return said


def _in_words(task: Task, fitted: Answering) -> Outcome:
    test = task.splits.test
    said = fitted.predict(asked(test), Clock())
    parts: dict[str, RecordPart] = {"generation": generation(said.tolist(), test, task.wording)}
    table = table_of(task, test, said)
    cites = declared(fitted).cites
    if cites is not None and cites.cited:
        numbers = [cites.cited[example.id] for example in test]
        passages = cast("PassageRetriever", cites.retriever)  # nothing else is cited
        parts["citations"] = citations(numbers, said.tolist(), passages, cites.k, test,
                                       task.wording)
        table = table.append_column("cited", pa.array(numbers, pa.int64()))
    return Outcome(parts, table)


def _of_numbers(task: Task, fitted: Answering) -> Outcome:
    test = task.splits.test
    said = fitted.predict(asked(test), Clock())
    if declared(fitted).prompted is None:  # what writes may write no number
        check_finite(said, test, "answers")
    table, silent = table_of(task, test, said), unread_in(said)
    run = Numbered(table["answer"].to_numpy(), targets_of(test, 1)[:, 0], weights_of(test))
    return Outcome({"regression": regression(run, silent)}, table,
                   unread_notes(KINDS[task.kind], silent, len(test)))


def _of_spans(task: Task, fitted: Answering) -> Outcome:
    test, labels = task.splits.test, task.labels
    said = fitted.predict(asked(test), Clock())
    silent = unread_in(said)
    run = found([own or NOTHING for own in said.tolist()], [e.spans or NOTHING for e in test],
                len(labels), weights_of(test))
    return Outcome({"spans": span_quality(run, labels, silent)}, table_of(task, test, said),
                   unread_notes(KINDS[task.kind], silent, len(test)))


OUTCOMES: dict[Kind, Callable[[Task, Answering], Outcome]] = by_kind(
    one=_of_classes, several=_of_classes, numbers=_of_numbers, spans=_of_spans, words=_in_words)


def _quality(probabilities: np.ndarray, examples: Sequence[Example], labels: tuple[str, ...]
             ) -> Quality:
    return quality(probabilities, np.array([e.label for e in examples]), labels,
                   weights_of(examples))


def _set_quality(probabilities: np.ndarray, examples: Sequence[Example], labels: tuple[str, ...]
                 ) -> SetQuality:
    return set_quality(probabilities, indicator(examples, len(labels)), labels,
                       weights_of(examples))


@dataclass(frozen=True)
class Form:
    """How answers by class stand in a record: its field, and what fills it."""

    part: str
    quality: Callable[[np.ndarray, Sequence[Example], tuple[str, ...]], Quality | SetQuality]
    of_run: Callable[[Marked, tuple[str, ...], int], Quality | SetQuality]
    """The same of a run that only names classes, and how many of its answers were not read."""


ONE = Form("quality", _quality, quality_of)
SEVERAL = Form("multilabel", _set_quality, set_quality_of)


def _form(kind: Kind) -> Form:
    return SEVERAL if KINDS[kind].several else ONE
