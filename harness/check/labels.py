"""Suspected label errors, by confident learning on frozen features."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from sklearn.model_selection import GroupKFold

from harness.check.finding import SHOWN, Finding, brief
from harness.methods.linear import fit_linear
from harness.methods.link import CLASS_LINKS
from harness.tasks.examples import Example, indicator

FOLDS = 5
LEAST = 1e-6
"""A probability that a fold leaves to a class it never saw."""
WORTH, ABLE = 0.02, 0.8
"""Share of suspects from which it is a warning, and accuracy of the classifier that suspects: a
poor one doubts much that is right."""


def check_labels(items: Sequence[Example], vectors: np.ndarray, labels: tuple[str, ...]
                 ) -> Iterator[Finding]:
    """`vectors` [items, width] are frozen features of the items."""
    suspects, predicted = suspected(items, vectors, len(labels))
    if len(suspects):
        share = len(suspects) / len(items)
        accuracy = float((predicted == indicator(items, len(labels))).all(axis=1).mean())
        yield Finding(
            severity="warning" if share > WORTH and accuracy > ABLE else "note", check="labels",
            count=len(suspects),
            found=f"{len(suspects)} of {len(items)} training labels ({share:.1%}) are suspected to "
                  "be wrong by a classifier on frozen features that did not see them; it is right "
                  f"on {accuracy:.0%}",
            examples=tuple(
                f"{items[i].id}: {_named(labels, items[i].every_class)}, or "
                f"{_named(labels, np.flatnonzero(predicted[i]))}? {brief(items[i])}"
                for i in suspects[:SHOWN]),
            suggestion="Look at them: a label that is wrong in the test items costs every method.")


def _named(labels: Sequence[str], numbers: Iterable[int]) -> str:
    return " + ".join(labels[number] for number in numbers) or "no class"


def suspected(items: Sequence[Example], vectors: np.ndarray, classes: int
              ) -> tuple[np.ndarray, np.ndarray]:
    """Positions of suspects, the worst first, and which classes are predicted, [items, classes].

    Out-of-fold probabilities, folds by group, pruned by confident learning (Northcutt, Jiang and
    Chuang, JAIR 70, 2021), by cleanlab. No suspects where there are too few groups for folds or a
    class is absent.
    """
    from cleanlab.filter import find_label_issues

    several = items[0].classes is not None
    link = CLASS_LINKS["multilabel" if several else "classification"]
    targets, groups = indicator(items, classes), [e.group for e in items]
    nobody = np.array([], dtype=int)
    if len(set(groups)) < 2 * FOLDS or not targets.any(axis=0).all():
        return nobody, targets
    probabilities = np.empty(targets.shape)
    for train, held in GroupKFold(FOLDS).split(vectors, targets, groups):
        if targets[train].any(axis=0).sum() < 2:
            return nobody, targets
        head = fit_linear(vectors[train], targets[train], 1.0, link)
        probabilities[held] = head.predict(vectors[held]).clip(LEAST, 1 - LEAST)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = find_label_issues([list(e.classes or ()) for e in items] if several
                                  else targets.argmax(axis=1), probabilities, n_jobs=1,
                                  filter_by="confident_learning", multi_label=several,
                                  return_indices_ranked_by="self_confidence")
    return np.asarray(found), link.chosen(probabilities)
