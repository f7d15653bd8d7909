"""How right answers by class are: the metrics that a study can be decided by.

Arrays are [items, classes]: probabilities, which classes are answered (`chosen`, bool) and which
are right (`actual`, bool).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import f1_score, roc_auc_score

from harness.suite import Metric


def macro_f1(actual: np.ndarray, chosen: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Mean F1 of the classes that the items have; 0 for none. Of weighted items with `weights`.

    1/|C| times the sum over c in C of 2 TP / (2 TP + FP + FN), C the classes of `actual`: a model
    that is right on all items has 1, and all models are averaged over the same classes.
    scikit-learn's default also averages over classes that are answered and that no item has; here
    such answers count as what they are, wrong for the class that the item has.
    """
    there = np.flatnonzero(actual.any(axis=0))
    return float(f1_score(actual, chosen, average="macro", labels=there, zero_division=0.0,
                          sample_weight=weights)) if len(there) else 0.0


def one_against_rest(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray | None = None
                     ) -> float | None:
    """ROC AUC of one class, of weighted items with `weights`; None where no item has it, or all
    have."""
    if not 0 < positive.sum() < len(positive):
        return None
    return float(roc_auc_score(positive, scores, sample_weight=weights))


def roc_auc(probabilities: np.ndarray, actual: np.ndarray) -> float | None:
    """Mean over the classes of one against the rest; None where one has none."""
    areas = [one_against_rest(scores, positive)
             for scores, positive in zip(probabilities.T, actual.T, strict=True)]
    known = [area for area in areas if area is not None]
    return float(np.mean(known)) if len(known) == len(areas) else None


def ranking_precisions(probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Each item's mean over its classes of the share of its classes among those ranked as high or
    higher: [items]; 1 for an item with no class or all (Tsoumakas, Katakis and Vlahavas, Mining
    Multi-label Data, 2010, section 34.3; scikit-learn's label ranking average precision)."""
    among_all = rankdata(-probabilities, method="max", axis=1)
    among_own = rankdata(np.where(targets, -probabilities, np.inf), method="max", axis=1)
    own = targets.sum(axis=1)
    shares = np.where(targets, among_own / among_all, 0.0).sum(axis=1)
    return np.asarray(np.divide(shares, own, out=np.ones(len(targets)), where=own > 0))


def _all_right(actual: np.ndarray, chosen: np.ndarray) -> float:
    return float((actual == chosen).all(axis=1).mean())


def _micro_f1(actual: np.ndarray, chosen: np.ndarray) -> float:
    return float(f1_score(actual, chosen, average="micro", zero_division=0.0))


CLASS_METRICS: dict[Metric, Callable[[np.ndarray, np.ndarray, np.ndarray], float | None]] = {
    "accuracy": lambda p, chosen, actual: _all_right(actual, chosen),
    "subset_accuracy": lambda p, chosen, actual: _all_right(actual, chosen),
    "macro_f1": lambda p, chosen, actual: macro_f1(actual, chosen),
    "micro_f1": lambda p, chosen, actual: _micro_f1(actual, chosen),
    "roc_auc": lambda p, chosen, actual: roc_auc(p, actual),
    "ranking_precision": lambda p, chosen, actual: float(ranking_precisions(p, actual).mean()),
}
"""By name, of (probabilities, chosen, actual); None where one is not defined on the items."""
