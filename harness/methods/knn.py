"""Nearest neighbours: a similarity-weighted vote of retrieved training examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.backbones.checkpoint import Use
from harness.backbones.encoding.features import Featurizer
from harness.backbones.frozen import frozen
from harness.backbones.handle import parameter_count
from harness.common.capabilities import Can
from harness.common.kinds import WeightsKind
from harness.methods.asking.nearest import index_examples, open_examples
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.method import METHODS, Method, Options, Setting
from harness.methods.needs import WHATEVER, Needs
from harness.methods.retriever import Retriever, build_retriever, load_retriever
from harness.methods.standing import standing_on
from harness.methods.votes import NearestAnswer, Vote, voting
from harness.methods.work import Reading, Work
from harness.targets.kinds import KINDS as TARGETS


class KnnOptions(Options):
    """Which vectors are near each other."""

    retriever: str | None = None
    """Label of a `retriever` of the suite; the backbone's own vectors where it is left out."""


@METHODS.register("knn")
class Knn(Method):
    """Similarity-weighted vote of the k nearest training examples under frozen features; in words
    the answer of the nearest.

    With `retriever` the features are those of a retriever of the suite, which tuned the suite's
    embedder: that must be this very backbone.
    """

    name, family = "knn", "retrieval"
    options_type = KnnOptions
    needs = Needs(classes=(Can.EMBED,), numbers=(Can.EMBED,), words=(Can.EMBED,), inputs=WHATEVER)
    random, reads_embedder = False, True
    summary = "FAISS retrieval of training examples: similarity-weighted vote, or nearest answer"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.retriever = self.options.retriever
        self.embeds = self.retriever is not None

    @classmethod
    def reads(cls, backbone: WeightsKind) -> Use:
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
        reading = Reading(self._featurizer(job).key, job.need_backbone()).by(self.retriever)
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
        return frozen(job.need_backbone(), job.budget.max_length, job.device)
