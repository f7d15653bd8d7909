"""Quality of predicted probabilities where an item has any number of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from harness.common.kinds import Kind
from harness.measure.part import RecordPart
from harness.measure.quality import (
    ClassQuality,
    check_measurable,
    figures,
    of_each_class,
    undefined,
)
from harness.targets.marked import Marked
from harness.targets.multilabel import marked


class SetQuality(RecordPart):
    """Figures over one split.

    An item is answered to have a class where its probability is above 0.5, which is not tuned.
    Shares lie in [0, 1]. `log_loss` is in nats a class of an item, clipped as scikit-learn does.
    Where items are weighted all figures are, but `items` and `support`, which count.
    """

    kind: ClassVar[Kind] = "multilabel"
    items: int
    unread: int = 0
    """Answers from which no classes could be read: they count as none."""
    macro_f1: float
    """Mean F1 of the classes that the items have."""
    micro_f1: float
    """F1 over all decisions, a decision being a class of an item."""
    subset_accuracy: float
    """Share of the items whose every class is right."""
    roc_auc: float | None
    """Mean over the classes of one against the rest."""
    roc_auc_reason: str | None = None
    ranking_precision: float | None
    """Label ranking average precision, as `ranking_precisions` has it; None, as log loss,
    calibration error and ROC AUC, of answers that only name classes."""
    hamming_loss: float
    """Share of the decisions that are wrong."""
    log_loss: float | None
    calibration_error: float | None
    """Over the decisions: the sum over 15 bins of the probability of the bin's share times its
    |share that has the class - mean probability|."""
    others: dict[str, float | None] = Field({})
    """By metrics that other packages add."""
    classes_an_item: float
    answered_an_item: float
    per_class: tuple[ClassQuality, ...]


def set_quality(probabilities: np.ndarray, targets: np.ndarray, labels: tuple[str, ...],
                weights: np.ndarray | None = None) -> SetQuality:
    """Figures of `probabilities` [items, classes] against `targets`, [items, classes] bool, of
    items which count alike or have `weights` [items].

    Raises ValueError for no items or for probabilities that are not finite.
    """
    check_measurable(probabilities)
    return set_quality_of(marked(probabilities, targets, weights), labels)


def set_quality_of(run: Marked, labels: Sequence[str], unread: int = 0) -> SetQuality:
    """Figures of a run, which may only name classes; `unread` of its answers could not be read."""
    per_class = of_each_class(run, labels)
    return SetQuality(
        items=len(run.actual), per_class=per_class, unread=unread, **figures("multilabel", run),
        roc_auc_reason=undefined(run, per_class, "none of the test items, or all, have"),
        classes_an_item=float(np.average(run.actual.sum(axis=1), weights=run.weights)),
        answered_an_item=float(np.average(run.chosen.sum(axis=1), weights=run.weights)))
