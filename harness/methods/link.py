"""How scores of the classes become probabilities, and what they cost, by kind of task.

One class an item: a softmax over the classes, and cross-entropy. Any number of classes: each class
is a decision of its own, a sigmoid, and the mean over the classes of binary cross-entropy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax
from sklearn.metrics import log_loss
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from harness.suite import Kind
from harness.tasks.examples import Example, indicator

THRESHOLD = 0.5
"""The probability above which an item is answered to have a class, where it may have several."""


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
    log_loss: Callable[[np.ndarray, np.ndarray], float]
    """Of probabilities against targets, mean over the items."""
    chosen: Callable[[np.ndarray], np.ndarray]
    """Which classes are answered, by their probabilities: both [items, classes]."""


def _likeliest(probabilities: np.ndarray) -> np.ndarray:
    """The most probable class of each item, the first of equals."""
    return np.asarray(np.eye(probabilities.shape[1], dtype=bool)[probabilities.argmax(axis=1)])


def _one_class_losses(logits: Tensor, targets: Tensor) -> Tensor:
    return cross_entropy(logits, targets.int().argmax(dim=1), reduction="none")[:, None]


def _several_losses(logits: Tensor, targets: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(logits, targets.to(logits.dtype), reduction="none")


def _one_class_log_loss(probabilities: np.ndarray, targets: np.ndarray) -> float:
    return float(log_loss(targets.argmax(axis=1), probabilities,
                          labels=list(range(targets.shape[1]))))


def _several_log_loss(probabilities: np.ndarray, targets: np.ndarray) -> float:
    return float(log_loss(targets.ravel(), probabilities.ravel(), labels=[False, True]))


LINKS: dict[Kind, Link] = {
    "classification": Link(
        "single_label_classification", lambda scores: np.asarray(softmax(scores, axis=1)),
        lambda options: options.reshape(1, -1),
        lambda options: np.asarray(softmax(options)), _one_class_losses, _one_class_log_loss,
        _likeliest),
    "multilabel": Link(
        "multi_label_classification", lambda scores: np.asarray(expit(scores)),
        lambda options: options.reshape(-1, 2),
        lambda options: np.asarray(softmax(options.reshape(-1, 2), axis=1)[:, 0]),
        _several_losses, _several_log_loss, lambda probabilities: probabilities > THRESHOLD),
}


def held_out_loss(link: Link, probabilities: np.ndarray, examples: Sequence[Example]) -> float:
    """Log loss of `probabilities` [examples, classes]; NaN where one is not finite."""
    if not np.isfinite(probabilities).all():
        return float("nan")
    return link.log_loss(probabilities, indicator(examples, probabilities.shape[1]))
