"""Prompting an untouched model: zero-shot and few-shot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.backbones.handle import ASKED
from harness.common.errors import CannotRunError
from harness.methods.decoder import plain_decoder
from harness.methods.method import METHODS, Asking, Fit, Fitted, Job, Method, Setting, Shown
from harness.tasks.examples import Example
from harness.tasks.splits import stratified_order

PER_CLASS = (1, 2, 3, 4, 5, 6, 8, 10, 12)
"""Worked examples of each class, in the order in which they are tried."""


@METHODS.register("zero-shot")
class ZeroShot(Method):
    """The task's prompt alone."""

    name, family, kinds = "zero-shot", "prompting", ASKED
    random = False
    kinds_in_words = ASKED
    summary = "the prompt alone"

    def fit(self, job: Job, setting: Setting) -> Fit:
        return Fit(self.load(job, setting, Path()))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        with job.clock.phase("load"):
            return plain_decoder(job)


@METHODS.register("few-shot")
class FewShot(Method):
    """Worked training examples, the same for all items, drawn by seed and class."""

    name, family, kinds = "few-shot", "prompting", ASKED
    kinds_in_words = ASKED
    summary = "the prompt with worked training examples of each class"

    def settings(self, job: Job) -> list[Setting]:
        return [{"per_class": n} for n in PER_CLASS]

    def shows(self, asking: Asking) -> Shown:
        most = max(PER_CLASS[:asking.trials])
        return Shown(shots=tuple(draw_shots(asking.train, most, asking.seed)))

    def fit(self, job: Job, setting: Setting) -> Fit:
        return Fit(self.load(job, setting, Path()))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        shots = draw_shots(job.train, int(setting["per_class"]), job.seed)
        with job.clock.phase("load"):
            return plain_decoder(job, shots)


def draw_shots(examples: Sequence[Example], per_class: int, seed: int) -> list[Example]:
    """`per_class` examples of each class in random order (fewer where a class has fewer)."""
    taken: dict[int, int] = {}
    shots = []
    for example in stratified_order(examples, seed):
        if taken.get(example.label, 0) < per_class:
            taken[example.label] = taken.get(example.label, 0) + 1
            shots.append(example)
    if not shots:
        raise CannotRunError("there are no training examples to show")
    return shots
