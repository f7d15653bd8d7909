"""Quality of predicted class probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field
from sklearn.metrics import precision_recall_fscore_support

from harness.common.kinds import Kind
from harness.measure.part import RecordPart
from harness.targets.areas import one_against_rest
from harness.targets.classification import indicated, marked
from harness.targets.kinds import KINDS, added
from harness.targets.marked import Marked
from harness.targets.regression import Numbered
from harness.targets.spans import Found


class ClassQuality(RecordPart):
    """Figures of one class against the rest; None where a figure is not defined."""

    label: str
    support: int
    precision: float
    recall: float
    f1: float
    roc_auc: float | None


class Quality(RecordPart):
    """Figures over one split.

    Shares lie in [0, 1]; `log_loss` is in nats an item, with probabilities clipped as
    scikit-learn does; `calibration_error` is the expected calibration error. Where items are
    weighted all figures are, but `items`, `support` and `confusion`, which count.
    """

    kind: ClassVar[Kind] = "classification"
    items: int
    unread: int = 0
    """Answers from which no class could be read: none of them is right."""
    accuracy: float
    macro_f1: float
    micro_f1: float
    roc_auc: float | None
    """Plain where there are two classes, else the mean over classes of one against the rest."""
    roc_auc_reason: str | None = None
    log_loss: float | None
    """None, as the calibration error and ROC AUC, of answers that only name a class."""
    calibration_error: float | None
    others: dict[str, float | None] = Field({})
    """By metrics that other packages add."""
    per_class: tuple[ClassQuality, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Row: true class; column: predicted class."""


def quality(probabilities: np.ndarray, targets: np.ndarray, labels: tuple[str, ...],
            weights: np.ndarray | None = None) -> Quality:
    """Figures of `probabilities` [items, classes] against `targets` [items], which count alike or
    have `weights` [items].

    The predicted class is the most probable one, the first of equals. Raises ValueError for no
    items or for probabilities that are not finite.
    """
    check_measurable(probabilities)
    return quality_of(marked(probabilities, indicated(targets, len(labels)), weights), labels)


def quality_of(run: Marked, labels: Sequence[str], unread: int = 0) -> Quality:
    """Figures of a run, which may only name classes; `unread` of its answers could not be read."""
    per_class = of_each_class(run, labels)
    confusion = run.actual.T.astype(int) @ run.chosen
    return Quality(
        items=len(run.actual), per_class=per_class, **figures("classification", run),
        unread=unread,
        roc_auc_reason=undefined(run, per_class, "the test items lack, or only have,"),
        confusion=tuple(tuple(int(n) for n in row) for row in confusion))


def check_measurable(probabilities: np.ndarray) -> None:
    """Raise ValueError for no items, or for probabilities that are not finite."""
    if len(probabilities) == 0:
        raise ValueError("there are no items to measure")
    if not np.isfinite(probabilities).all():
        raise ValueError("a predicted probability is not finite")


def figures(kind: Kind, run: Marked | Numbered | Found) -> dict[str, Any]:
    """Every metric of the kind of task; None where one is not defined on the items."""
    return {metric.name: metric.of(run, run.weights) for metric in KINDS[kind].own} | {
        "others": {metric.name: metric.of(run, run.weights) for metric in added(kind)}}


def of_each_class(run: Marked, labels: Sequence[str]) -> tuple[ClassQuality, ...]:
    """Figures of every class against the rest."""
    precision, recall, f1, _ = precision_recall_fscore_support(
        run.actual, run.chosen, zero_division=0.0, sample_weight=run.weights)
    return tuple(
        ClassQuality(label=label, support=int(run.actual[:, c].sum()),
                     precision=float(precision[c]), recall=float(recall[c]), f1=float(f1[c]),
                     roc_auc=one_against_rest(run.probabilities[:, c], run.actual[:, c],
                                              run.weights) if run.graded else None)
        for c, label in enumerate(labels))


def undefined(run: Marked, per_class: Sequence[ClassQuality], why: str) -> str | None:
    """Why there is no ROC AUC; None where there is one."""
    if not run.graded:
        return "not defined: answers that only name classes have no probabilities"
    lacking = ", ".join(c.label for c in per_class if c.roc_auc is None)
    return f"not defined: {why} {lacking}" if lacking else None
