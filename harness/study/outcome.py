"""What a fitted method answers and how good it is, by kind of task: parts of a record, a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from harness.backbones.finite import check_finite
from harness.common.clock import Clock
from harness.measure.generation import answer_scores, generation
from harness.measure.multilabel import SetQuality, set_quality
from harness.measure.overfitting import overfitting
from harness.measure.part import RecordPart
from harness.measure.quality import Quality, quality
from harness.measure.regression import regression
from harness.measure.slices import Slice, slices
from harness.measure.spans import span_quality
from harness.methods.asking.put import Prompted
from harness.methods.link import CLASS_LINKS
from harness.methods.method import Fitted
from harness.study.answered import TARGETS
from harness.suite import Kind
from harness.targets.regression import Numbered, unread_as
from harness.targets.spans import NOTHING, Spans, found, spans_json
from harness.tasks.examples import Example, asked, indicator, targets_of, weights_of
from harness.tasks.task import Task
from harness.tasks.wording import Wording


@dataclass(frozen=True)
class Outcome:
    """Fields of a record by name, and a row a test item."""

    parts: Mapping[str, RecordPart | tuple[Slice, ...]]
    table: pa.Table
    notes: tuple[str, ...] = ()


def outcome(task: Task, fitted: Fitted) -> Outcome:
    """Have the method answer the items once and measure its answers."""
    return OUTCOMES[task.kind](task, fitted)


def _of_classes(task: Task, fitted: Fitted) -> Outcome:
    form, splits, labels = FORMS[task.kind], task.splits, task.labels
    test = _probabilities(fitted, splits.test)
    figures = form.quality(test, splits.test, labels)
    seen = splits.train[: len(splits.validation)]
    gap = overfitting(
        form.quality(_probabilities(fitted, seen), seen, labels),
        form.quality(_probabilities(fitted, splits.validation), splits.validation, labels),
        figures)
    by_slice = slices(splits.test, CLASS_LINKS[task.kind].marked(
        test, indicator(splits.test, len(labels)), weights_of(splits.test)))
    return Outcome({form.part: figures, "slices": by_slice, "overfitting": gap},
                   form.table(splits.test, test, labels))


def _probabilities(fitted: Fitted, examples: Sequence[Example]) -> np.ndarray:
    said = fitted.predict(asked(examples), Clock())
    check_finite(said, examples, "probabilities")
    return said


def _in_words(task: Task, fitted: Fitted) -> Outcome:
    answers = fitted.predict(asked(task.splits.test), Clock()).tolist()
    return Outcome({"generation": generation(answers, task.splits.test, task.wording)},
                   answer_table(task.splits.test, answers, task.wording))


def _of_numbers(task: Task, fitted: Fitted) -> Outcome:
    test = task.splits.test
    said = fitted.predict(asked(test), Clock())
    if not isinstance(fitted, Prompted):  # what writes may write no number
        check_finite(said, test, "answers")
    answers = said[:, 0]
    mean = float(targets_of(task.splits.train, 1).mean())
    unread = np.isnan(answers)
    run = Numbered(unread_as(mean, answers), targets_of(test, 1)[:, 0], weights_of(test))
    silent = int(unread.sum())
    notes = (f"no number could be read from {silent} of {len(test)} answers: each counts as the "
             "training items' mean",) if silent else ()
    return Outcome({"regression": regression(run, silent)},
                   number_table(test, run.answered, unread), notes)


def _of_spans(task: Task, fitted: Fitted) -> Outcome:
    test, labels = task.splits.test, task.labels
    answers = fitted.predict(asked(test), Clock()).tolist()
    silent = sum(own is None for own in answers)
    own = [spans or NOTHING for spans in answers]
    right = [e.spans or NOTHING for e in test]
    notes = (f"no span could be read from {silent} of {len(test)} answers: each counts as none",
             ) if silent else ()
    run = found(own, right, len(labels), weights_of(test))
    return Outcome({"spans": span_quality(run, labels, silent)}, span_table(test, own, labels),
                   notes)


OUTCOMES: dict[Kind, Callable[[Task, Fitted], Outcome]] = {
    "classification": _of_classes, "multilabel": _of_classes, "regression": _of_numbers,
    "spans": _of_spans, "generation": _in_words}


def class_table(examples: Sequence[Example], probabilities: np.ndarray, labels: Sequence[str]
                ) -> pa.Table:
    """Item id, group, weight where items are weighted, slices and target, and one probability
    column a class."""
    columns = _shared(examples, "classification", labels)
    columns |= {f"p:{label}": probabilities[:, i] for i, label in enumerate(labels)}
    return pa.table(columns)


def set_table(examples: Sequence[Example], probabilities: np.ndarray, labels: Sequence[str]
              ) -> pa.Table:
    """As `class_table`, where an item may have several classes: its target is a JSON array of them,
    and `stratum` is what test items are stratified by."""
    columns = _shared(examples, "multilabel", labels) | {"stratum": [e.label for e in examples]}
    columns |= {f"p:{label}": probabilities[:, i] for i, label in enumerate(labels)}
    return pa.table(columns)


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
    """How answers by class stand in a record: its field, what fills it, and the table."""

    part: str
    quality: Callable[[np.ndarray, Sequence[Example], tuple[str, ...]], Quality | SetQuality]
    table: Callable[[Sequence[Example], np.ndarray, Sequence[str]], pa.Table]


FORMS: dict[Kind, Form] = {"classification": Form("quality", _quality, class_table),
                           "multilabel": Form("multilabel", _set_quality, set_table)}
