"""How scores of the classes become probabilities, and what they cost, by kind of task.

One class an item: a softmax over the classes, and cross-entropy. Any number of classes: each class
is a decision of its own, a sigmoid, and the mean over the classes of binary cross-entropy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, softmax
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from harness.suite import Kind
from harness.targets import classification, multilabel
from harness.targets.kinds import by_kind
from harness.targets.marked import Marked

LEAST = 1e-15
"""No probability is taken for less, or for more than 1 without it, where a score is made of it."""


@dataclass(frozen=True)
class Link:
    """What scores of outputs mean, by kind of task. Targets are as `targets_of` has them."""

    problem_type: str
    """As configurations of transformers have it."""
    probabilities: Callable[[np.ndarray], np.ndarray]
    """What is answered by scores, both [items, outputs]: probabilities, or numbers."""
    losses: Callable[[Tensor, Tensor], Tensor]
    """What logits cost by targets, [items, decisions]. An item's loss is the mean over its
    decisions: in nats -log p of what is right, or squared errors."""


@dataclass(frozen=True)
class ClassLink(Link):
    """Of classes: what turns on whether an item has one or any number of them."""

    decisions: Callable[[np.ndarray], np.ndarray]
    """Of values of a decoder's options [options], a row of alternatives for each decision."""
    of_options: Callable[[np.ndarray], np.ndarray]
    """From the scores of a decoder's options [options] to the classes' probabilities."""
    alternatives: Callable[[np.ndarray], np.ndarray]
    """Of what classes have [items, classes], probabilities or 1 and 0: what those have of which one
    is true, [items, decisions, alternatives]."""
    scores: Callable[[np.ndarray], np.ndarray]
    """Of probabilities, both [items, classes]: what `probabilities` makes the same of."""
    chosen: Callable[[np.ndarray], np.ndarray]
    """Which classes are answered, by their probabilities: both [items, classes]."""
    marked: Callable[[np.ndarray, np.ndarray, np.ndarray | None], Marked]
    """What was answered beside what is right, of probabilities, targets and weights."""


def _classification_losses(logits: Tensor, targets: Tensor) -> Tensor:
    return cross_entropy(logits, targets.int().argmax(dim=1), reduction="none")[:, None]


def _multilabel_losses(logits: Tensor, targets: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(logits, targets.to(logits.dtype), reduction="none")


def _squared_errors(answers: Tensor, targets: Tensor) -> Tensor:
    return (answers - targets.to(answers.dtype)) ** 2


ONE = ClassLink(
    "single_label_classification", lambda scores: np.asarray(softmax(scores, axis=1)),
    _classification_losses, lambda options: options.reshape(1, -1),
    lambda options: np.asarray(softmax(options)), lambda shares: shares[:, None, :],
    lambda shares: np.log(np.clip(shares, LEAST, None)),
    classification.likeliest, classification.marked)
SEVERAL = ClassLink(
    "multi_label_classification", lambda scores: np.asarray(expit(scores)),
    _multilabel_losses, lambda options: options.reshape(-1, 2),
    lambda options: np.asarray(softmax(options.reshape(-1, 2), axis=1)[:, 0]),
    lambda shares: np.stack([shares, 1 - shares], axis=-1),
    lambda shares: np.asarray(logit(np.clip(shares, LEAST, 1 - LEAST))),
    multilabel.above, multilabel.marked)
NUMBER = Link("regression", lambda scores: scores, _squared_errors)
TAGS = Link("token_classification", ONE.probabilities, _classification_losses)
"""Of spans: what is right of each word is one tag."""
CLASS_LINKS: dict[Kind, ClassLink] = {
    kind: link for kind, link in by_kind(one=ONE, several=SEVERAL, numbers=None, spans=None,
                                         words=None).items() if link is not None}
LINKS: dict[Kind, Link] = {
    kind: link for kind, link in by_kind(one=ONE, several=SEVERAL, numbers=NUMBER, spans=TAGS,
                                         words=None).items() if link is not None}
"""Kinds that are answered through a head; what is answered in words has none."""
