"""Suspected label errors, by confident learning on frozen features."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from harness.check.finding import SHOWN, Finding, brief
from harness.tasks.examples import Example

FOLDS = 5
WORTH, ABLE = 0.02, 0.8
"""Share of suspects from which it is a warning, and accuracy of the classifier that suspects: a
poor one doubts much that is right."""


def check_labels(items: Sequence[Example], vectors: np.ndarray, labels: tuple[str, ...]
                 ) -> Iterator[Finding]:
    """`vectors` [items, width] are frozen features of the items."""
    suspects, predicted = suspected(items, vectors, len(labels))
    if len(suspects):
        share = len(suspects) / len(items)
        accuracy = float((predicted == np.array([e.label for e in items])).mean())
        yield Finding(
            severity="warning" if share > WORTH and accuracy > ABLE else "note", check="labels",
            count=len(suspects),
            found=f"{len(suspects)} of {len(items)} training labels ({share:.1%}) are suspected to "
                  "be wrong by a classifier on frozen features that did not see them; it is right "
                  f"on {accuracy:.0%}",
            examples=tuple(
                f"{items[i].id}: {labels[items[i].label]}, or {labels[predicted[i]]}? "
                f"{brief(items[i])}" for i in suspects[:SHOWN]),
            suggestion="Look at them: a label that is wrong in the test items costs every method.")


def suspected(items: Sequence[Example], vectors: np.ndarray, classes: int
              ) -> tuple[np.ndarray, np.ndarray]:
    """Positions of suspects, the worst first, and the class predicted for every item.

    Out-of-fold probabilities, folds by group, pruned by confident learning (Northcutt, Jiang and
    Chuang, JAIR 70, 2021), by cleanlab. No suspects where there are too few groups for folds or a
    class is absent.
    """
    from cleanlab.filter import find_label_issues

    targets, groups = np.array([e.label for e in items]), [e.group for e in items]
    nobody = np.array([], dtype=int)
    if len(set(groups)) < 2 * FOLDS or len(set(targets)) < classes:
        return nobody, targets
    probabilities = np.full((len(items), classes), 1e-6)
    for train, held in GroupKFold(FOLDS).split(vectors, targets, groups):
        if len(set(targets[train])) < 2:
            return nobody, targets
        head = LogisticRegression(max_iter=1000).fit(vectors[train], targets[train])
        probabilities[np.ix_(held, head.classes_)] = head.predict_proba(vectors[held])
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = find_label_issues(targets, probabilities, n_jobs=1,
                                  filter_by="confident_learning",
                                  return_indices_ranked_by="self_confidence")
    return np.asarray(found), probabilities.argmax(axis=1)
