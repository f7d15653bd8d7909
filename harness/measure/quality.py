"""Quality of predicted class probabilities."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)

from harness.measure.part import RecordPart
from harness.tasks.class_metrics import macro_f1, one_against_rest

BINS = 15


class ClassQuality(RecordPart):
    """Figures of one class against the rest; None where a figure is not defined."""

    label: str
    support: int
    precision: float
    recall: float
    f1: float
    roc_auc: float | None


class Quality(RecordPart):
    """Figures over one split; `metrics` names those that methods are compared by.

    Shares lie in [0, 1]; `log_loss` is in nats an item, with probabilities clipped as
    scikit-learn does; `calibration_error` is the expected calibration error. Where items are
    weighted all figures are, but `items`, `support` and `confusion`, which count.
    """

    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "macro_f1", "micro_f1", "roc_auc",
                                          "log_loss", "calibration_error")
    items: int
    accuracy: float
    macro_f1: float
    micro_f1: float
    roc_auc: float | None
    """Plain where there are two classes, else the mean over classes of one against the rest."""
    roc_auc_reason: str | None = None
    log_loss: float
    calibration_error: float
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
    if len(targets) == 0:
        raise ValueError("there are no items to measure")
    if not np.isfinite(probabilities).all():
        raise ValueError("a predicted probability is not finite")
    classes = list(range(len(labels)))
    predicted = probabilities.argmax(axis=1)
    aucs = [one_against_rest(probabilities[:, c], targets == c, weights) for c in classes]
    area, reason = _roc_auc(aucs, labels)
    precision, recall, f1, _ = precision_recall_fscore_support(
        targets, predicted, labels=classes, zero_division=0.0, sample_weight=weights)
    support = np.bincount(targets, minlength=len(labels))
    return Quality(
        items=len(targets),
        accuracy=float(accuracy_score(targets, predicted, sample_weight=weights)),
        macro_f1=macro_f1(np.eye(len(labels), dtype=bool)[targets],
                          np.eye(len(labels), dtype=bool)[predicted], weights),
        micro_f1=float(f1_score(targets, predicted, labels=classes, average="micro",
                                zero_division=0.0, sample_weight=weights)),
        roc_auc=area, roc_auc_reason=reason,
        log_loss=float(log_loss(targets, probabilities, labels=classes, sample_weight=weights)),
        calibration_error=calibration_error(probabilities, targets, weights=weights),
        per_class=tuple(
            ClassQuality(label=labels[c], support=int(support[c]), precision=float(precision[c]),
                         recall=float(recall[c]), f1=float(f1[c]), roc_auc=aucs[c])
            for c in classes
        ),
        confusion=tuple(tuple(int(n) for n in row)
                        for row in confusion_matrix(targets, predicted, labels=classes)),
    )


def calibration_error(probabilities: np.ndarray, targets: np.ndarray, bins: int = BINS,
                      weights: np.ndarray | None = None) -> float:
    """Expected calibration error with equally wide bins (Guo et al. 2017, section 2, eq. 3).

    The sum over bins (lower, upper] of the share of items times |accuracy - confidence|.
    """
    return share_gap(probabilities.max(axis=1), probabilities.argmax(axis=1) == targets, bins,
                     weights)


def share_gap(confidence: np.ndarray, came_true: np.ndarray, bins: int = BINS,
              weights: np.ndarray | None = None) -> float:
    """The sum over bins (lower, upper] of confidence of the bin's share times |share that came true
    - mean confidence|; all arrays are flat."""
    each = np.ones(len(confidence)) if weights is None else weights
    gaps = np.bincount(confidence_bins(confidence, bins), weights=each * (came_true - confidence),
                       minlength=bins)
    return float(np.abs(gaps).sum() / each.sum())


def confidence_bins(confidence: np.ndarray, bins: int = BINS) -> np.ndarray:
    """The number from 0 of the bin (lower, upper] that each confidence lies in."""
    return np.asarray(np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1))


def _roc_auc(aucs: list[float | None], labels: tuple[str, ...]) -> tuple[float | None, str | None]:
    undefined = [label for label, area in zip(labels, aucs, strict=True) if area is None]
    if undefined:
        return None, f"not defined: the test items lack, or only have, {', '.join(undefined)}"
    known = [area for area in aucs if area is not None]
    return (known[1] if len(labels) == 2 else float(np.mean(known))), None
