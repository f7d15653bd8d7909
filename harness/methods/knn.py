"""Nearest neighbours: a similarity-weighted vote of retrieved training examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.backbones.checkpoint import Use
from harness.backbones.encoding.features import Featurizer, pooled
from harness.backbones.encoding.pooling import MODES, pool_of
from harness.backbones.handle import Kind, parameter_count
from harness.common.capabilities import Can
from harness.common.clock import Clock
from harness.methods.asking.nearest import index_examples, open_examples
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.method import METHODS, Method, Options, Setting
from harness.methods.needs import Needs
from harness.methods.retriever import Retriever, build_retriever, load_retriever
from harness.methods.standing import standing_on
from harness.methods.work import Reading, Work
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


class KnnOptions(Options):
    """Which vectors are near each other."""

    retriever: str | None = None
    """Label of a `retriever` of the suite; the backbone's own vectors where it is left out."""


def voting(job: Job, retriever: Retriever, k: int, frozen: int) -> Vote | NearestAnswer:
    """What answers a task by the training examples that are found."""
    if TARGETS[job.task.kind].questions:
        return NearestAnswer(retriever, tuple(e.references[0] for e in job.train), frozen)
    return Vote(retriever, k, frozen)


@METHODS.register("knn")
class Knn(Method):
    """Similarity-weighted vote of the k nearest training examples under frozen features; in words
    the answer of the nearest.

    With `retriever` the features are those of a retriever of the suite, which tuned the suite's
    embedder: that must be this very backbone.
    """

    name, family = "knn", "retrieval"
    options_type = KnnOptions
    needs = Needs(classes=(Can.EMBED,), numbers=(Can.EMBED,), words=(Can.EMBED,))
    random = False
    summary = "FAISS retrieval of training examples: similarity-weighted vote, or nearest answer"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.retriever = self.options.retriever
        self.embeds = self.retriever is not None

    @classmethod
    def reads(cls, backbone: Kind) -> Use:
        return "states"

    def settings(self, job: Job) -> list[Setting]:
        if TARGETS[job.task.kind].questions:
            return [{"k": 1}]
        return [{"k": k} for k in (8, 4, 16, 2, 32, 1, 64, 3, 128)]

    def fit(self, job: Job, setting: Setting) -> Fit:
        if self.retriever is not None:
            return Fit(self._vote(job, setting, index_examples(standing_on(job, self.retriever))))
        retriever = build_retriever(self._featurizer(job), job.store, job.train,
                                    job.classes, job.clock)
        return Fit(self._vote(job, setting, retriever))

    def work(self, job: Job, setting: Setting) -> Work:
        reading = Reading(self._featurizer(job).key, job.need_backbone())
        return Work(prompts=0, readings=(reading,))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        if self.retriever is not None:
            found = open_examples(standing_on(job, self.retriever, folder), folder)
            return self._vote(job, setting, found)
        retriever = load_retriever(self._featurizer(job), job.store, folder)
        return self._vote(job, setting, retriever)

    @staticmethod
    def _vote(job: Job, setting: Setting, retriever: Retriever) -> Vote | NearestAnswer:
        return voting(job, retriever, int(setting["k"]), parameter_count(job.need_backbone()))

    @staticmethod
    def _featurizer(job: Job) -> Featurizer:
        pool = pool_of(job.need_backbone().path) or MODES["mean"]
        return pooled(job.need_backbone(), job.budget.max_length, job.device, pool)
