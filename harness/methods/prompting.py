"""Prompting an untouched model: zero-shot and few-shot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import field_validator

from harness.backbones.checkpoint import Use
from harness.common.capabilities import Can, reads_words
from harness.common.kinds import BackboneKind, WeightsKind
from harness.methods.asking.ask import ask
from harness.methods.asking.lookup import Lookup
from harness.methods.asking.nearest import (
    index_examples,
    longest,
    nearest_examples,
    open_examples,
)
from harness.methods.asking.scored import Scored, ScoreOptions, score_as_saved, score_by
from harness.methods.asking.shots import draw_shots
from harness.methods.asking.shown import Asking, Shown
from harness.methods.comparing import (
    PLACE,
    TEMPLATE,
    compare,
    compare_as_saved,
    comparing_work,
)
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.method import METHODS, Setting
from harness.methods.needs import Needs
from harness.methods.retriever import Retriever
from harness.methods.work import Work
from harness.suite import Kind
from harness.tasks.examples import Example

PER_CLASS = (1, 2, 3, 4, 5, 6, 8, 10, 12)
"""Worked examples of each class, in the order in which they are tried."""


class ZeroShotOptions(ScoreOptions):
    """How answers are scored, and what stands around a class that pictures are compared with."""

    templates: tuple[str, ...] = (TEMPLATE,)
    """Of several the vectors are averaged. Of pictures alone."""

    @field_validator("templates")
    @classmethod
    def _hold_the_class(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or any(template.count(PLACE) != 1 for template in value):
            raise ValueError(f"each must hold {PLACE} once, and there must be one")
        return value


@METHODS.register("zero-shot")
class ZeroShot(Scored):
    """The task's prompt alone; of a picture the class whose name fits it best."""

    name, family = "zero-shot", "prompting"
    random = learns = False
    summary = "the prompt alone; of pictures the class whose name fits best"
    needs = replace(Scored.needs, inputs=("text", "image"),
                    on={"image": Needs(classes=(Can.COMPARE,), inputs=("image",))})
    options_type = ZeroShotOptions

    @classmethod
    def reads(cls, backbone: WeightsKind) -> Use:
        return super().reads(backbone) if reads_words(backbone) else "compared"

    def refuses(self, task: Kind, backbone: BackboneKind | None) -> str | None:
        if reads_words(backbone) and "templates" in self.options.model_fields_set:
            return "templates: stand around what pictures are compared with; a text has a prompt"
        return super().refuses(task, backbone)

    def fit(self, job: Job, setting: Setting) -> Fit:
        if not reads_words(job.kind):
            return Fit(compare(job, self.options.templates))
        return Fit(score_by(ask(job), setting, job.clock))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        if not reads_words(job.kind):
            return compare_as_saved(job, folder)
        return score_as_saved(ask(job), setting, folder)

    def work(self, job: Job, setting: Setting) -> Work:
        return super().work(job, setting) if reads_words(job.kind) else comparing_work(job)


class FewShotOptions(ScoreOptions):
    """Which examples are shown."""

    choose: Literal["random", "similar"] = "random"
    """Drawn by seed and class, the same for all items; or as many that are nearest to each item."""


@METHODS.register("few-shot")
class FewShot(Scored):
    """Worked training examples (Brown et al. 2020): random ones, alike in number for each class, or
    those nearest to an item (Liu et al. 2022, see `nearest`)."""

    name, family = "few-shot", "prompting"
    summary = "the prompt with worked training examples: of each class, or like the item"
    options_type = FewShotOptions

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.embeds = self.options.choose == "similar"
        self.random = not self.embeds

    def shown(self) -> list[Setting]:
        return [{"per_class": n} for n in PER_CLASS]

    def shows(self, asking: Asking) -> Shown:
        most = max(int(setting["per_class"]) for setting in self.tried(asking))
        shots = draw_shots(asking.train, most, asking.seed)
        if not self.embeds:
            return Shown(shots=tuple(shots))
        return Shown(retrieved=len(asking.writer.shots(longest(asking.train, len(shots)))))

    def fit(self, job: Job, setting: Setting) -> Fit:
        shots = draw_shots(job.train, int(setting["per_class"]), job.seed)
        asked = (ask(job, lookup=_nearest(job, index_examples(job), len(shots)))
                 if self.embeds else ask(job, shots))
        return Fit(score_by(asked, setting, job.clock))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        shots = draw_shots(job.train, int(setting["per_class"]), job.seed)
        asked = (ask(job, lookup=_nearest(job, open_examples(job, folder), len(shots)))
                 if self.embeds else ask(job, shots))
        return score_as_saved(asked, setting, folder)


def _nearest(job: Job, retriever: Retriever, count: int) -> Lookup[Example]:
    return nearest_examples(job, retriever, count,
                            lambda writer, nearest: writer.worked(nearest[::-1]))
