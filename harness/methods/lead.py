"""The floor of summaries: the beginning of the text itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.common.clock import Clock
from harness.common.sentences import sentences
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.method import METHODS, Method, Setting
from harness.methods.needs import Needs
from harness.methods.work import Work
from harness.tasks.examples import Item


@dataclass(frozen=True)
class Leading:
    """Answers each item with its first sentences."""

    count: int
    parameters = (0, 0)

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        with clock.phase("predict"):
            return np.array([" ".join(sentences(item.text)[:self.count]) for item in items],
                            dtype=object)

    def save(self, folder: Path) -> None:
        """The setting says it all."""


@METHODS.register("lead")
class Lead(Method):
    """The first sentences of an item's text, as many as validation likes best.

    The usual baseline of summaries, for news say first what matters: LEAD of Nallapati et al. 2017,
    SummaRuNNer, and of Narayan et al. 2018, Don't Give Me the Details, Just the Summary!
    """

    name, family, needs = "lead", "floor", Needs(words=(), alone=True)
    random = False
    summary = "the first sentences of the text itself"

    def settings(self, job: Job) -> list[Setting]:
        return [{"sentences": count} for count in (1, 3, 2, 5)]

    def fit(self, job: Job, setting: Setting) -> Fit:
        return Fit(Leading(int(setting["sentences"])))

    def work(self, job: Job, setting: Setting) -> Work:
        return Work()

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        return Leading(int(setting["sentences"]))
