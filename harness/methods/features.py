"""Feature-extraction transfer: a frozen backbone, pooled, under a linear head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.backbones.checkpoint import Use
from harness.backbones.encoding.features import FeatureStore, Featurizer
from harness.backbones.encoding.pooling import Pooling
from harness.backbones.encoding.word_features import LAYERS, word_states
from harness.backbones.frozen import frozen
from harness.backbones.handle import parameter_count
from harness.common.capabilities import Can, reads_words
from harness.common.clock import Clock
from harness.common.kinds import BackboneKind, WeightsKind
from harness.common.words import pieces
from harness.methods.chain import Chain
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.learning.balance import LINEAR, LinearOptions, balance_of, weights_for
from harness.methods.linear import LinearHead, fit_standardised, strengths
from harness.methods.link import LINKS
from harness.methods.method import METHODS, Method, Setting
from harness.methods.needs import WHATEVER, Needs
from harness.methods.tagged import POOLED_ALONE, Read, Words, WordTagger, fit_tags
from harness.methods.whole import UNPOOLED
from harness.methods.work import Reading, Work
from harness.suite import Kind
from harness.targets.kinds import KINDS as TARGETS
from harness.tasks.examples import Item, targets_of


@dataclass(frozen=True)
class FrozenFeatures:
    """A linear head on the pooled features of frozen weights."""

    featurizer: Featurizer
    store: FeatureStore
    head: LinearHead
    frozen: int
    """Parameters of the backbone."""

    @property
    def parameters(self) -> tuple[int, int]:
        return self.head.size, self.head.size + self.frozen

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        x = self.store.features(self.featurizer, items, clock, "encode")
        with clock.phase("predict"):
            return self.head.predict(x)

    def save(self, folder: Path) -> None:
        self.head.save(folder)


class FeaturesOptions(LinearOptions):
    """How states become features, and what rare classes count."""

    pooling: Pooling = "trained"
    """As the backbone's folder says, and the mean over tokens where it says nothing."""


@METHODS.register("features")
class Features(Method):
    """Logistic regression on pooled, standardised features of the frozen backbone."""

    name, family = "features", "features"
    needs = Needs(classes=(Can.ENCODE,), numbers=(Can.ENCODE,), spans=(Can.TAG,), inputs=WHATEVER)
    random = False
    summary = "frozen backbone, pooled features, logistic regression"
    options_type = FeaturesOptions
    balances = LINEAR

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.balance = self.options.balance

    @classmethod
    def reads(cls, backbone: WeightsKind) -> Use:
        return "states"

    def refuses(self, task: Kind, backbone: BackboneKind | None) -> str | None:
        if TARGETS[task].tagged and self.options.pooling != "trained":
            return POOLED_ALONE
        if backbone and not reads_words(backbone) and self.options.pooling != "trained":
            return UNPOOLED
        return super().refuses(task, backbone)

    def settings(self, job: Job) -> list[Setting]:
        # As strong for each column, of which words have more.
        usual = 0.1 / LAYERS if TARGETS[job.task.kind].tagged else 0.1
        return [{"C": c} for c in strengths(job, usual)]

    def fit(self, job: Job, setting: Setting) -> Fit:
        if TARGETS[job.task.kind].tagged:
            return self._fit_words(job, setting)
        featurizer = self._featurizer(job)
        x = job.store.features(featurizer, job.train, job.clock, "encode")
        with job.clock.phase("fit"):
            head = fit_standardised(x, targets_of(job.train, job.classes), float(setting["C"]),
                                    LINKS[job.task.kind],
                                    weights_for(balance_of(setting, self), job))
        return Fit(FrozenFeatures(featurizer, job.store, head,
                                  parameter_count(job.need_backbone())))

    def _fit_words(self, job: Job, setting: Setting) -> Fit:
        read = self._words(job)
        words = read(job.train, job.clock)
        with job.clock.phase("fit"):
            head, chain = fit_tags(words, job, float(setting["C"]))
        return Fit(WordTagger(read, head, chain, parameter_count(job.need_backbone())))

    def work(self, job: Job, setting: Setting) -> Work:
        reading = Reading(self._featurizer(job).key, job.need_backbone())
        return Work(prompts=0, readings=(reading,))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        if TARGETS[job.task.kind].tagged:
            return WordTagger(self._words(job), LinearHead.load(folder, LINKS[job.task.kind]),
                              Chain.load(folder), parameter_count(job.need_backbone()))
        return FrozenFeatures(self._featurizer(job), job.store,
                              LinearHead.load(folder, LINKS[job.task.kind]),
                              parameter_count(job.need_backbone()))

    def _words(self, job: Job) -> Read:
        """What reads words by the frozen states of those that fit."""
        featurizer = self._featurizer(job)

        def read(items: Sequence[Item], clock: Clock) -> Words:
            vectors = job.store.features(featurizer, items, clock, "encode")
            counts = [len(pieces(item.text)) for item in items]
            there = np.isfinite(vectors[:, 0])
            own = np.split(there, np.cumsum(counts)[:-1])
            return Words(vectors[there], list(map(np.flatnonzero, own)))

        return read

    def _featurizer(self, job: Job) -> Featurizer:
        backbone, longest = job.need_backbone(), job.budget.max_length
        if TARGETS[job.task.kind].tagged:
            return word_states(backbone, longest, job.device)
        return frozen(backbone, longest, job.device, self.options.pooling)
