"""fairlearn's figures by slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from fairlearn.metrics import (
    MetricFrame,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
)
from sklearn.metrics import accuracy_score, f1_score

from harness.compare.bootstrap import Answers

THEIRS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "accuracy": accuracy_score,
    "macro_f1": lambda actual, predicted: f1_score(
        actual, predicted, average="macro", labels=np.unique(actual), zero_division=0.0),
    "selection_rate": partial(selection_rate, pos_label=1),
    "false_positive_rate": partial(false_positive_rate, pos_label=1),
    "false_negative_rate": partial(false_negative_rate, pos_label=1),
}


def metric_frame(answers: Answers, slices: Mapping[str, np.ndarray], name: str,
                 places: Sequence[int]) -> MetricFrame:
    """fairlearn's frame of one measure, the mean over the runs at `places`.

    `slices` gives each slice's items [items] bool; no item is in two.
    """
    measure = THEIRS[name]
    of = np.full(len(answers.targets), None, dtype=object)
    for value, inside in slices.items():
        of[inside] = value
    there = np.array([value is not None for value in of])
    predicted = np.stack([answers.probabilities[p].argmax(axis=1) for p in places], axis=1)

    def over_seeds(actual: np.ndarray, given: np.ndarray) -> float:
        by_seed = given.reshape(len(actual), -1).T
        return float(np.mean([measure(actual, one) for one in by_seed]))

    return MetricFrame(metrics={name: over_seeds}, y_true=answers.targets[there],
                       y_pred=predicted[there], sensitive_features=of[there])
