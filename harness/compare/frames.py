"""fairlearn's figures by slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from fairlearn.metrics import (
    MetricFrame,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
)
from sklearn.metrics import accuracy_score

from harness.compare.by_slice import Marks
from harness.tasks.class_metrics import macro_f1
from harness.tasks.examples import weights_at

Figured = Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]


def _accuracy(actual: np.ndarray, chosen: np.ndarray, weights: np.ndarray | None) -> float:
    return float(accuracy_score(actual, chosen, sample_weight=weights))


def _of_second(rate: Callable[..., float]) -> Figured:
    return lambda actual, chosen, weights: rate(actual[:, 1].astype(int), chosen[:, 1].astype(int),
                                                pos_label=1, sample_weight=weights)


THEIRS: dict[str, Figured] = {
    "accuracy": _accuracy, "subset_accuracy": _accuracy,
    "macro_f1": macro_f1,
    "selection_rate": _of_second(selection_rate),
    "false_positive_rate": _of_second(false_positive_rate),
    "false_negative_rate": _of_second(false_negative_rate),
}
"""Of two indicators, [items, classes], and the items' weights."""


def metric_frame(answers: Marks, slices: Mapping[str, np.ndarray], name: str,
                 places: Sequence[int]) -> MetricFrame:
    """fairlearn's frame of one measure, the mean over the runs at `places`.

    `slices` gives each slice's items [items] bool; no item is in two.
    """
    measure = THEIRS[name]
    actual, chosen, weights = answers.actual, answers.chosen[list(places)], answers.weights
    of = np.full(len(actual), None, dtype=object)
    for value, inside in slices.items():
        of[inside] = value
    rows = np.flatnonzero([value is not None for value in of])

    def over_seeds(own: np.ndarray, _: np.ndarray) -> float:
        theirs = weights_at(weights, own)
        return float(np.mean([measure(actual[own], seed[own], theirs) for seed in chosen]))

    # The frame takes one number an item: its row, by which indicators are looked up.
    return MetricFrame(metrics={name: over_seeds}, y_true=rows, y_pred=rows,
                       sensitive_features=of[rows])
