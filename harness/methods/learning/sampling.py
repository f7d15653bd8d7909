"""Class-balanced sampling: each pass over the training items draws as many of every class.

Kang et al. 2020, Decoupling Representation and Classifier for Long-Tailed Recognition, section 3.
Of a class that a pass wants more of than there are, each item comes as often as the others or once
more; of one that it wants less of, the items come in turn.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

import numpy as np
import torch

from harness.backbones.batches import Cut
from harness.methods.job import Job
from harness.methods.learning.step import Learner
from harness.methods.learning.validated import HeldOut
from harness.tasks.examples import indicator


class Sampled:
    """A learner that reads its items as they are drawn. Indices are places in what was drawn, but
    within a pass and its loss, which are the learner's own."""

    def __init__(self, learner: Learner, job: Job) -> None:
        self.learner, self.seed = learner, job.seed
        self.strata = rarest_classes(indicator(job.train, job.classes))
        self.begin(0)

    @property
    def model(self) -> object:
        """The model that learns."""
        return self.learner.model

    @property
    def states(self) -> object | None:
        """The learner's."""
        return self.learner.states

    def begin(self, epoch: int) -> None:
        self.learner.begin(epoch)
        self.drawn = drawn_alike(self.strata, np.random.default_rng([self.seed, epoch]))

    def lengths(self) -> list[int]:
        lengths = self.learner.lengths()
        return [lengths[item] for item in self.drawn]

    def passes(self, indices: list[int], cut: Cut) -> list[list[int]]:
        return self.learner.passes([self.drawn[i] for i in indices], cut)

    def sharing(self) -> AbstractContextManager[None]:
        return self.learner.sharing()

    def loss(self, indices: list[int]) -> torch.Tensor:
        return self.learner.loss(indices)

    def validate(self) -> HeldOut:
        return self.learner.validate()


def rarest_classes(targets: np.ndarray) -> np.ndarray:
    """What each item is drawn as, [items]: of an indicator [items, classes] its rarest class, and
    the number of classes where it has none."""
    counts = np.where(targets, targets.sum(axis=0), len(targets) + 1)
    return np.asarray(np.where(targets.any(axis=1), counts.argmin(axis=1), targets.shape[1]))


def drawn_alike(strata: np.ndarray, rng: np.random.Generator) -> list[int]:
    """As many items as there are, as evenly over the strata as can be, in an order by stratum."""
    names = rng.permutation(np.unique(strata))
    shares = np.full(len(names), len(strata) // len(names))
    shares[: len(strata) % len(names)] += 1
    drawn: list[int] = []
    for name, share in zip(names, shares, strict=True):
        items = np.flatnonzero(strata == name)
        rounds = -(-int(share) // len(items))
        drawn += np.concatenate([rng.permutation(items) for _ in range(rounds)])[:share].tolist()
    return drawn
