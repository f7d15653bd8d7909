"""Nearest neighbours: a similarity-weighted vote of retrieved training examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.backbones.checkpoint import Use
from harness.backbones.encoding.features import Featurizer
from harness.backbones.frozen import frozen
from harness.backbones.handle import Kind, parameter_count
from harness.common.capabilities import Can
from harness.common.clock import Clock
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.method import METHODS, Method, Setting
from harness.methods.needs import WHATEVER, Needs
from harness.methods.retriever import Retriever, build_retriever, load_retriever
from harness.methods.work import Reading, Work
from harness.targets.kinds import KINDS as TARGETS
from harness.tasks.examples import Item


@dataclass(frozen=True)
class Vote:
    """Neighbours vote with their cosine for the classes they have; the class shares count as one
    vote.

    p(class) = (sum of the cosines of its neighbours + its share) / (sum of all cosines + 1). Of
    numbers it is that mean of the neighbours' numbers and the mean of all.
    """

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
            votes = np.maximum(similarities, 0.0).astype(float)
            right = self.retriever.targets.astype(float)
            totals = right.mean(axis=0) + np.einsum("nk,nkc->nc", votes, right[positions])
            return np.asarray(totals / (1 + votes.sum(axis=1, keepdims=True)))

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


@METHODS.register("knn")
class Knn(Method):
    """Similarity-weighted vote of the k nearest training examples under frozen features; in words
    the answer of the nearest."""

    name, family = "knn", "retrieval"
    needs = Needs(classes=(Can.EMBED,), numbers=(Can.EMBED,), words=(Can.EMBED,), inputs=WHATEVER)
    random = False
    summary = "FAISS retrieval of training examples: similarity-weighted vote, or nearest answer"

    @classmethod
    def reads(cls, backbone: Kind) -> Use:
        return "states"

    def settings(self, job: Job) -> list[Setting]:
        if TARGETS[job.task.kind].questions:
            return [{"k": 1}]
        return [{"k": k} for k in (8, 4, 16, 2, 32, 1, 64, 3, 128)]

    def fit(self, job: Job, setting: Setting) -> Fit:
        retriever = build_retriever(self._featurizer(job), job.store, job.train,
                                    job.classes, job.clock)
        return Fit(self._vote(job, setting, retriever))

    def work(self, job: Job, setting: Setting) -> Work:
        reading = Reading(self._featurizer(job).key, job.need_backbone())
        return Work(prompts=0, readings=(reading,))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        retriever = load_retriever(self._featurizer(job), job.store, folder)
        return self._vote(job, setting, retriever)

    @staticmethod
    def _vote(job: Job, setting: Setting, retriever: Retriever) -> Vote | NearestAnswer:
        if TARGETS[job.task.kind].questions:
            return NearestAnswer(retriever, tuple(e.references[0] for e in job.train),
                                 parameter_count(job.need_backbone()))
        return Vote(retriever, int(setting["k"]), parameter_count(job.need_backbone()))

    @staticmethod
    def _featurizer(job: Job) -> Featurizer:
        return frozen(job.need_backbone(), job.budget.max_length, job.device)
