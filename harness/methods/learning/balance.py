"""What rare classes count while a method learns.

`weights` lets every class count alike: an item of a class that n_c of n items have, among k
classes, counts n / (k n_c) (King and Zeng 2001, Logistic Regression in Rare Events Data, section
4.2, as scikit-learn's "balanced"). Where an item may have several classes, each is such a choice of
two. `focal` lets an item count less the surer it is answered: (1 - p)^2 times -log p (Lin et al.
2017, Focal Loss for Dense Object Detection, section 3, with their gamma of 2 and without weights).
`sampling` draws as many items of each class for every pass (`methods.learning.sampling`).

All three raise what rare classes are given: probabilities are then no longer the classes' shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor

from harness.common.errors import CannotRunError
from harness.common.kinds import Balance
from harness.methods.job import Job
from harness.methods.method import Method, Options, Setting
from harness.targets.kinds import KINDS as TARGETS
from harness.tasks.examples import indicator

GAMMA = 2.0


@dataclass(frozen=True)
class Weighing:
    """How the losses of training items are added up."""

    weights: Tensor | None = None
    """Of each item's decisions, [items, decisions]; None where all count alike."""
    gamma: float = 0.0
    """Of the focal loss; 0 for none of it."""

    def of(self, losses: Tensor, items: Sequence[int]) -> Tensor:
        """-log p of some training items' decisions, [items, decisions]: the mean over decisions,
        summed over the items."""
        if self.gamma:
            losses = (-torch.expm1(-losses)).clamp(min=0.0) ** self.gamma * losses
        if self.weights is not None:
            losses = losses * self.weights[list(items)].to(losses)
        return losses.mean(dim=1).sum()


ALIKE = Weighing()
LINEAR: tuple[Balance, ...] = ("none", "weights")
"""What a linear head on fixed vectors can balance by."""


def weighing(balance: Balance, job: Job) -> Weighing:
    """Of a job's training items. Raises CannotRunError where they have no classes."""
    if balance != "none" and not TARGETS[job.task.kind].classes:
        raise CannotRunError("there are no classes to balance",
                             "Leave out `balance`.")
    if balance == "focal":
        return Weighing(gamma=GAMMA)
    found = weights_for(balance, job)
    return ALIKE if found is None else Weighing(torch.from_numpy(found).float())


def weights_for(balance: Balance, job: Job) -> np.ndarray | None:
    """Weights of a job's training items' decisions, [items, decisions], with a mean of one; None
    where they count alike."""
    if balance != "weights":
        return None
    targets = indicator(job.train, job.classes)
    several = TARGETS[job.task.kind].several
    return of_decisions(targets) if several else of_classes(targets)


def of_classes(targets: np.ndarray) -> np.ndarray:
    """Of an indicator with one class an item, [items, classes]: [items, 1]."""
    counts = targets.sum(axis=0)
    share = counts / len(targets)
    return np.asarray(1 / ((counts > 0).sum() * (targets @ share)))[:, None]


def of_decisions(targets: np.ndarray) -> np.ndarray:
    """Of an indicator with any number of classes an item, [items, classes]: as much for those that
    have a class as for those that have not; one where all have it, or none."""
    share = targets.mean(axis=0)
    weights = np.where(targets, share, 1 - share)
    return np.asarray(np.where((share > 0) & (share < 1), 0.5 / weights, 1.0))


def balance_of(setting: Setting, method: Method) -> Balance:
    """What a fit balances by: its setting's, else the method's own option."""
    return cast(Balance, setting.get("balance", method.balance or "none"))


class LinearOptions(Options):
    """What every method with a linear head on fixed vectors takes."""

    balance: Literal["none", "weights"] | None = None
    """What rare classes count; as the budget offers where it is left out. To draw as many items of
    each class would be `weights` in expectation, with noise."""
