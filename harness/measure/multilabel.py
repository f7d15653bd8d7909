"""Quality of predicted probabilities where an item has any number of classes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from sklearn.metrics import f1_score, hamming_loss, log_loss, precision_recall_fscore_support

from harness.measure.part import RecordPart
from harness.measure.quality import ClassQuality, share_gap
from harness.methods.link import LINKS
from harness.tasks.class_metrics import macro_f1, one_against_rest, ranking_precisions


class SetQuality(RecordPart):
    """Figures over one split; `metrics` names those that methods are compared by.

    An item is answered to have a class where its probability is above 0.5, which is not tuned.
    Shares lie in [0, 1]. `log_loss` is in nats a class of an item, clipped as scikit-learn does.
    Where items are weighted all figures are, but `items` and `support`, which count.
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "macro_f1", "micro_f1", "subset_accuracy", "roc_auc", "ranking_precision", "hamming_loss",
        "log_loss", "calibration_error")
    items: int
    macro_f1: float
    """Mean F1 of the classes that the items have."""
    micro_f1: float
    """F1 over all decisions, a decision being a class of an item."""
    subset_accuracy: float
    """Share of the items whose every class is right."""
    roc_auc: float | None
    """Mean over the classes of one against the rest."""
    roc_auc_reason: str | None = None
    ranking_precision: float
    """Label ranking average precision, as `ranking_precisions` has it."""
    hamming_loss: float
    """Share of the decisions that are wrong."""
    log_loss: float
    calibration_error: float
    """Over the decisions: the sum over 15 bins of the probability of the bin's share times its
    |share that has the class - mean probability|."""
    classes_an_item: float
    answered_an_item: float
    per_class: tuple[ClassQuality, ...]


def set_quality(probabilities: np.ndarray, targets: np.ndarray, labels: tuple[str, ...],
                weights: np.ndarray | None = None) -> SetQuality:
    """Figures of `probabilities` [items, classes] against `targets`, [items, classes] bool, of
    items which count alike or have `weights` [items].

    Raises ValueError for no items or for probabilities that are not finite.
    """
    if len(targets) == 0:
        raise ValueError("there are no items to measure")
    if not np.isfinite(probabilities).all():
        raise ValueError("a predicted probability is not finite")
    chosen = LINKS["multilabel"].chosen(probabilities)
    areas = [one_against_rest(probabilities[:, c], targets[:, c], weights)
             for c in range(len(labels))]
    undefined = [label for label, area in zip(labels, areas, strict=True) if area is None]
    precision, recall, f1, _ = precision_recall_fscore_support(
        targets, chosen, zero_division=0.0, sample_weight=weights)
    each = None if weights is None else np.repeat(weights, len(labels))
    return SetQuality(
        items=len(targets),
        macro_f1=macro_f1(targets, chosen, weights),
        micro_f1=float(f1_score(targets, chosen, average="micro", zero_division=0.0,
                                sample_weight=weights)),
        subset_accuracy=_mean((chosen == targets).all(axis=1), weights),
        roc_auc=None if undefined else float(np.mean([a for a in areas if a is not None])),
        roc_auc_reason=(f"not defined: none of the test items, or all, have {', '.join(undefined)}"
                        if undefined else None),
        ranking_precision=_mean(ranking_precisions(probabilities, targets), weights),
        hamming_loss=float(hamming_loss(targets, chosen, sample_weight=weights)),
        log_loss=float(log_loss(targets.ravel(), probabilities.ravel(), labels=[False, True],
                                sample_weight=each)),
        calibration_error=share_gap(probabilities.ravel(), targets.ravel(), weights=each),
        classes_an_item=_mean(targets.sum(axis=1), weights),
        answered_an_item=_mean(chosen.sum(axis=1), weights),
        per_class=tuple(
            ClassQuality(label=label, support=int(targets[:, c].sum()), roc_auc=areas[c],
                         precision=float(precision[c]), recall=float(recall[c]), f1=float(f1[c]))
            for c, label in enumerate(labels)))


def _mean(values: np.ndarray, weights: np.ndarray | None) -> float:
    return float(np.average(values, weights=weights))
