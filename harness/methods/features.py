"""Feature-extraction transfer: a frozen backbone, pooled, under a linear head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.backbones.checkpoint import Use
from harness.backbones.encoding.features import FeatureStore, Featurizer, pooled
from harness.backbones.encoding.pooling import MODES, Pooling, pool_of
from harness.backbones.handle import KINDS, Kind, parameter_count
from harness.common.clock import Clock
from harness.methods.learning.balance import LINEAR, LinearOptions, balance_of, weights_for
from harness.methods.linear import LinearHead, fit_standardised, strengths
from harness.methods.link import LINKS
from harness.methods.method import METHODS, Fit, Fitted, Job, Method, Setting
from harness.methods.work import Reading, Work
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
    kinds = kinds_of_numbers = KINDS
    random = False
    summary = "frozen backbone, pooled features, logistic regression"
    options_type = FeaturesOptions
    balances = LINEAR

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.balance = self.options.balance

    @classmethod
    def reads(cls, backbone: Kind) -> Use:
        return "states"

    def settings(self, job: Job) -> list[Setting]:
        return [{"C": c} for c in strengths(job, 0.1)]

    def fit(self, job: Job, setting: Setting) -> Fit:
        featurizer = self._featurizer(job)
        x = job.store.features(featurizer, job.train, job.clock, "encode")
        with job.clock.phase("fit"):
            head = fit_standardised(x, targets_of(job.train, job.classes), float(setting["C"]),
                                    LINKS[job.task.kind],
                                    weights_for(balance_of(setting, self), job))
        return Fit(FrozenFeatures(featurizer, job.store, head,
                                  parameter_count(job.need_backbone())))

    def work(self, job: Job, setting: Setting) -> Work:
        reading = Reading(self._featurizer(job).key, job.need_backbone())
        return Work(prompts=0, readings=(reading,))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        return FrozenFeatures(self._featurizer(job), job.store,
                              LinearHead.load(folder, LINKS[job.task.kind]),
                              parameter_count(job.need_backbone()))

    def _featurizer(self, job: Job) -> Featurizer:
        pool = pool_of(job.need_backbone().path, self.options.pooling) or MODES["mean"]
        return pooled(job.need_backbone(), job.budget.max_length, job.device, pool)
