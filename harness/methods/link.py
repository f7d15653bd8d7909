"""How scores of the classes become probabilities, and what they cost, by kind of task.

One class an item: a softmax over the classes, and cross-entropy. Any number of classes: each class
is a decision of its own, a sigmoid, and the mean over the classes of binary cross-entropy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from harness.suite import Kind
from harness.targets import classification, multilabel
from harness.targets.marked import Marked


@dataclass(frozen=True)
class Link:
    """What turns on whether an item has one class or any number. Targets are indicators, [items,
    classes]; losses are in nats an item, with several classes in nats a class of an item."""

    problem_type: str
    """As configurations of transformers have it."""
    probabilities: Callable[[np.ndarray], np.ndarray]
    """Of scores, both [items, classes]."""
    decisions: Callable[[np.ndarray], np.ndarray]
    """Of values of a decoder's options [options], a row of alternatives for each decision."""
    of_options: Callable[[np.ndarray], np.ndarray]
    """From the scores of a decoder's options [options] to the classes' probabilities."""
    losses: Callable[[Tensor, Tensor], Tensor]
    """-log p of the decisions that logits are for, [items, decisions]: one an item, or one for each
    class. An item's loss is the mean over its decisions."""
    chosen: Callable[[np.ndarray], np.ndarray]
    """Which classes are answered, by their probabilities: both [items, classes]."""
    marked: Callable[[np.ndarray, np.ndarray, np.ndarray | None], Marked]
    """What was answered beside what is right, of probabilities, targets and weights."""


def _classification_losses(logits: Tensor, targets: Tensor) -> Tensor:
    return cross_entropy(logits, targets.int().argmax(dim=1), reduction="none")[:, None]


def _multilabel_losses(logits: Tensor, targets: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(logits, targets.to(logits.dtype), reduction="none")


LINKS: dict[Kind, Link] = {
    "classification": Link(
        "single_label_classification", lambda scores: np.asarray(softmax(scores, axis=1)),
        lambda options: options.reshape(1, -1),
        lambda options: np.asarray(softmax(options)), _classification_losses,
        classification.likeliest, classification.marked),
    "multilabel": Link(
        "multi_label_classification", lambda scores: np.asarray(expit(scores)),
        lambda options: options.reshape(-1, 2),
        lambda options: np.asarray(softmax(options.reshape(-1, 2), axis=1)[:, 0]),
        _multilabel_losses, multilabel.above, multilabel.marked),
}
