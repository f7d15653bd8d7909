"""The floor that reads nothing: the majority class, or the most frequent answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.common.clock import Clock
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.method import METHODS, Method, Setting
from harness.methods.needs import WHATEVER, Needs
from harness.methods.work import Work
from harness.targets.kinds import KINDS as TARGETS
from harness.targets.spans import NOTHING, as_spans
from harness.tasks.examples import Item, targets_of
from harness.tasks.wording import Wording

ANSWER = "answer.json"


@dataclass(frozen=True)
class ClassShares:
    """Every item gets each class's share of the training items."""

    shares: tuple[float, ...]

    @property
    def parameters(self) -> tuple[int, int]:
        return len(self.shares), len(self.shares)

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        with clock.phase("predict"):
            return np.tile(np.array(self.shares), (len(items), 1))

    def save(self, folder: Path) -> None:
        (folder / "shares.json").write_text(json.dumps(self.shares), encoding="utf-8")


@dataclass(frozen=True)
class OneAnswer:
    """Every item gets the same answer."""

    answer: str
    parameters = (0, 0)

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        with clock.phase("predict"):
            return np.full(len(items), self.answer, dtype=object)

    def save(self, folder: Path) -> None:
        (folder / ANSWER).write_text(json.dumps(self.answer), encoding="utf-8")


@dataclass(frozen=True)
class NoSpans:
    """Nothing is found in any item."""

    parameters = (0, 0)

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        with clock.phase("predict"):
            return as_spans([NOTHING] * len(items))

    def save(self, folder: Path) -> None:
        """There is nothing to write."""


@METHODS.register("majority")
class Majority(Method):
    """The most frequent class of the training examples, or the most frequent answer in words; where
    spans are asked for, none."""

    name, family = "majority", "floor"
    needs = Needs(classes=(), numbers=(), spans=(), words=(), alone=True, inputs=WHATEVER)
    random = False
    summary = "the most frequent class (its share as probability) or answer"

    def fit(self, job: Job, setting: Setting) -> Fit:
        with job.clock.phase("fit"):
            if TARGETS[job.task.kind].tagged:
                return Fit(NoSpans())
            if TARGETS[job.task.kind].questions:
                return Fit(OneAnswer(_most_frequent([e.references[0] for e in job.train],
                                                    job.task.wording)))
            shares = targets_of(job.train, job.classes).mean(axis=0)
            return Fit(ClassShares(tuple(shares.tolist())))

    def work(self, job: Job, setting: Setting) -> Work:
        return Work()

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        if TARGETS[job.task.kind].tagged:
            return NoSpans()
        if TARGETS[job.task.kind].questions:
            return OneAnswer(str(json.loads((folder / ANSWER).read_text(encoding="utf-8"))))
        return ClassShares(tuple(json.loads((folder / "shares.json").read_text(encoding="utf-8"))))


def _most_frequent(answers: Sequence[str], wording: Wording) -> str:
    """As first written; of equals the first. Answers that count as the same are one."""
    counts = Counter(map(wording.key, answers))
    most = counts.most_common(1)[0][0]
    return next(answer for answer in answers if wording.key(answer) == most)
