"""What the nearest training examples answer: a vote by similarity, or the nearest one's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.common.clock import Clock
from harness.methods.fitted import Declared
from harness.methods.job import Job
from harness.methods.retriever import Retriever
from harness.targets.kinds import KINDS as TARGETS
from harness.tasks.examples import Item


def votes_of(similarities: np.ndarray, positions: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Neighbours vote with their cosine for the classes they have; the class shares count as one
    vote. Cosines and places are [items, k], targets as `targets_of` has them: [items, classes].

    p(class) = (sum of the cosines of its neighbours + its share) / (sum of all cosines + 1). Of
    numbers it is that mean of the neighbours' numbers and the mean of all.
    """
    votes, right = np.maximum(similarities, 0.0).astype(float), targets.astype(float)
    totals = right.mean(axis=0) + np.einsum("nk,nkc->nc", votes, right[positions])
    return np.asarray(totals / (1 + votes.sum(axis=1, keepdims=True)))


@dataclass(frozen=True)
class Vote:
    """What the nearest training examples vote for: see `votes_of`."""

    retriever: Retriever
    k: int
    frozen: int
    """Parameters of the backbone."""

    @property
    def declares(self) -> Declared:
        """See `Declared`."""
        return Declared(finds=self)

    @property
    def parameters(self) -> tuple[int, int]:
        return 0, self.frozen

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        similarities, positions = self.retriever.search(items, self.k, clock)
        with clock.phase("predict"):
            return votes_of(similarities, positions, self.retriever.targets)

    def save(self, folder: Path) -> None:
        self.retriever.save(folder)


@dataclass(frozen=True)
class NearestAnswer:
    """Gives the answer of the nearest training question."""

    retriever: Retriever
    answers: tuple[str, ...]
    frozen: int

    @property
    def parameters(self) -> tuple[int, int]:
        return 0, self.frozen

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        _, positions = self.retriever.search(items, 1, clock)
        return np.array([self.answers[place] for place in positions[:, 0]], dtype=object)

    def save(self, folder: Path) -> None:
        self.retriever.save(folder)


def voting(job: Job, retriever: Retriever, k: int, frozen: int) -> Vote | NearestAnswer:
    """What answers a task by the training examples that are found."""
    if TARGETS[job.task.kind].questions:
        return NearestAnswer(retriever, tuple(e.references[0] for e in job.train), frozen)
    return Vote(retriever, k, frozen)
