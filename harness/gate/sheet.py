"""Items that the approved model answered, with what is right of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from harness.measure.part import RecordPart
from harness.targets import choices
from harness.targets.kinds import TargetKind
from harness.targets.spans import as_spans, spans_of_json

DIGITS = 9
"""Significant digits of a kept probability: more than fp32 holds."""
Answer = tuple[float, ...] | float | str
"""To one item: probabilities of the classes, or the names of those that were answered, as JSON; a
number; spans, as JSON; or words."""


class Sheet(RecordPart):
    """Answers item by item, [items] each."""

    items: tuple[str, ...]
    targets: tuple[str | float, ...]
    """What is right, as tables of predictions have it."""
    answers: tuple[Answer, ...]
    weights: tuple[float, ...] = ()
    """None where all count alike."""


def check_sheet(sheet: Sheet, kind: TargetKind, labels: Sequence[str]) -> None:
    """Raises ValueError for a sheet that does not fit together, or is of another kind of task."""
    if not len(sheet.items) == len(sheet.targets) == len(sheet.answers) > 0:
        raise ValueError("items, targets and answers are not as many")
    if sheet.weights and (len(sheet.weights) != len(sheet.items)
                          or not all(0 < w < math.inf for w in sheet.weights)):
        raise ValueError("an item has not one weight above 0")
    if len(set(sheet.items)) < len(sheet.items):
        raise ValueError("an item is answered twice")
    named = isinstance(sheet.answers[0], str)

    def is_row(answer: Answer) -> bool:
        if named:
            return isinstance(answer, str) and _are_names(answer, labels)
        return (isinstance(answer, tuple) and len(answer) == len(labels)
                and all(map(math.isfinite, answer)))

    if not all(map(kind.of(is_row, _is_number, _is_text, _is_text), sheet.answers)):
        raise ValueError(f"an item has no answer of a task of kind {kind.name}")


def said_in(sheet: Sheet, kind: TargetKind, labels: Sequence[str]) -> np.ndarray:
    """The answers, as `Answering.predict` has them."""
    answers = sheet.answers

    def rows() -> np.ndarray:
        if not isinstance(answers[0], str):
            return np.array(answers)
        return choices.read(list(map(str, answers)), labels)

    def spans() -> np.ndarray:
        return as_spans([spans_of_json(str(cell), labels) for cell in answers])

    def numbers() -> np.ndarray:
        return np.array(answers)[:, None]

    def texts() -> np.ndarray:
        return np.array(answers, dtype=object)

    return kind.of(rows, numbers, spans, texts)()


def sheet_of(table: pa.Table, kind: TargetKind, labels: Sequence[str]) -> Sheet:
    """From a table of predictions, as runs keep it."""
    return Sheet(
        items=tuple(table["item"].to_pylist()), targets=tuple(table["target"].to_pylist()),
        answers=tuple(_answers(table, kind, labels)),
        weights=tuple(table["weight"].to_pylist()) if "weight" in table.column_names else ())


def _answers(table: pa.Table, kind: TargetKind, labels: Sequence[str]) -> Iterable[Answer]:
    if not kind.classes:
        said: list[float] | list[str] = table["answer"].to_pylist()
        return said
    if choices.COLUMN in table.column_names:
        return ["null" if text is None else text for text in table[choices.COLUMN].to_pylist()]
    columns = np.column_stack([table[f"p:{label}"].to_numpy() for label in labels])
    return [tuple(float(f"{value:.{DIGITS}g}") for value in row) for row in columns]


def _is_number(answer: Answer) -> bool:
    return isinstance(answer, float) and math.isfinite(answer)


def _is_text(answer: Answer) -> bool:
    return isinstance(answer, str)


def _are_names(answer: str, labels: Sequence[str]) -> bool:
    try:
        found = json.loads(answer)
    except ValueError:
        return False
    return found is None or (isinstance(found, list) and all(name in labels for name in found))
