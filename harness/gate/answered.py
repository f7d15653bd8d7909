"""The same items answered by a candidate and, where there is one, by the approved model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.study.tables import table_of, unread_in
from harness.targets.answers import Answers, read_answers
from harness.targets.choices import are_choices
from harness.targets.kinds import KINDS, TargetKind
from harness.tasks.examples import Example, weights_of
from harness.tasks.task import Task

TOLERANCE = 1e-6
"""Of a row's sum: fp32 softmaxes are within 1e-6."""


@dataclass(frozen=True)
class Answered:
    """What was answered to `examples`, the candidate first and then the approved model."""

    examples: tuple[Example, ...]
    answers: Answers
    sound: np.ndarray
    """Whether the candidate's answer is one at all: [items] bool."""
    compared: bool
    """Whether there are an approved model's answers, too."""
    unread: int = 0
    """Answers of the candidate in words, in which what is asked for could not be read."""


def answered_by(task: Task, examples: Sequence[Example], said: np.ndarray, written: bool,
                before: np.ndarray | None) -> Answered:
    """A candidate's answers beside those `before` on the same items, both as `Answering.predict`
    has them.

    An answer `written` in words that holds no number, or no spans, counts as in a study.
    """
    kind = KINDS[task.kind]
    tables = [table_of(task, examples, each) for each in (said, before) if each is not None]
    answers = read_answers(task.kind, tables, task.labels, weights_of(examples))
    check = kind.of(_probabilities, _numbers, _whatever, _whatever)
    return Answered(tuple(examples), answers, check(kind, said, written), before is not None,
                    unread_in(said) if written or (kind.classes and are_choices(said)) else 0)


def _probabilities(kind: TargetKind, said: np.ndarray, written: bool) -> np.ndarray:
    """Which rows are probabilities, which sum to one where an item has one class; all where classes
    are named alone."""
    if are_choices(said):
        return np.ones(len(said), dtype=bool)
    with np.errstate(invalid="ignore"):
        within = ((said >= 0) & (said <= 1 + TOLERANCE)).all(axis=1)
        return np.asarray(within & (kind.several | (np.abs(said.sum(axis=1) - 1) <= TOLERANCE)))


def _numbers(kind: TargetKind, said: np.ndarray, written: bool) -> np.ndarray:
    """Which are finite, or could not be read from what was written."""
    return np.asarray(np.isfinite(said[:, 0]) | (written & np.isnan(said[:, 0])))


def _whatever(kind: TargetKind, said: np.ndarray, written: bool) -> np.ndarray:
    return np.ones(len(said), dtype=bool)
