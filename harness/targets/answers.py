"""What runs answered on the same items, whatever the kind of task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np

from harness.common.kinds import Kind
from harness.targets import classification, generation, multilabel, regression, spans
from harness.targets.kinds import TargetKind
from harness.targets.metric import Metric


class Answers(Protocol):
    """`ClassificationAnswers`, `MultilabelAnswers`, `RegressionAnswers`, `SpanAnswers` or
    `GenerationAnswers`."""

    @property
    def kind(self) -> TargetKind: ...
    @property
    def groups(self) -> np.ndarray: ...
    @property
    def weights(self) -> np.ndarray | None: ...
    @property
    def actual(self) -> np.ndarray | None: ...
    @property
    def runs(self) -> Iterator[Any]: ...
    def run(self, place: int) -> Any: ...
    def inside(self, items: np.ndarray) -> Self: ...
    def said(self, labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]: ...


Read = Callable[[Sequence[Any], Sequence[str], np.ndarray, np.ndarray | None], Answers]
READERS: Mapping[Kind, Read] = {"classification": classification.read,
                                "multilabel": multilabel.read, "regression": regression.read,
                                "spans": spans.read, "generation": generation.read}


def read_answers(kind: Kind, tables: Sequence[Any], labels: Sequence[str],
                 weights: np.ndarray | None = None) -> Answers:
    """From the tables of predictions of a task of this kind, on the same items in one order."""
    groups = np.asarray(np.unique(tables[0]["group"].to_pylist(), return_inverse=True)[1])
    return READERS[kind](tables, labels, groups, weights)


def sliced(answers: Answers) -> tuple[Metric, ...]:
    """What is measured of them by slice."""
    of_two = answers.actual is not None and answers.actual.shape[1] == 2
    return answers.kind.sliced + (answers.kind.sliced_of_two if of_two else ())
