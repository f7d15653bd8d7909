"""How well a classifier tells the two sides apart: what a test's finding is worth."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from harness.watch.sides import Sides

FOLDS = 5


def told_apart(vectors: np.ndarray, found: Sides) -> float:
    """Area under the curve of a logistic regression on groups that it did not learn from: 0.5 where
    nothing tells the day's items from the approved run's.

    A classifier two-sample test (Lopez-Paz and Oquab, Revisiting classifier two-sample tests, ICLR
    2017) without its p value, which is the discrepancy's.
    """
    scores = np.zeros(len(vectors))
    weights = np.abs(found.signed)
    cuts = GroupKFold(min(FOLDS, found.smallest()), shuffle=True, random_state=0)
    for train, held in cuts.split(vectors, groups=found.groups):
        if len(np.unique(found.today[train])) < 2:
            return 0.5
        counts = weights[train] * len(train) / weights[train].sum()
        model = LogisticRegression(max_iter=500).fit(vectors[train], found.today[train], counts)
        # A fold's own level says nothing of the order within it.
        scores[held] = model.decision_function(vectors[held]) - model.intercept_[0]
    return float(roc_auc_score(found.today, scores, sample_weight=weights))
