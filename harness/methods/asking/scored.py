"""Methods that put the task's prompt to a model: what they show, and how they score its answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from harness.backbones.load import load_tokenizer
from harness.backbones.prompting.writers import writer_for
from harness.common.capabilities import ABILITIES, Can
from harness.common.clock import Clock
from harness.common.kinds import BackboneKind
from harness.methods.asking.nearest import alike, middle
from harness.methods.asking.scores import PLAIN, RULES, Score
from harness.methods.asking.shown import Asking
from harness.methods.fitted import Fitted, declared
from harness.methods.job import Job
from harness.methods.method import Method, Options, Setting
from harness.methods.needs import Needs
from harness.methods.work import Reading, Work
from harness.suite import Kind
from harness.targets.kinds import KINDS

Model = TypeVar("Model", bound=Fitted)


class ScoreOptions(Options):
    """How answers are scored."""

    score: Score | None = None
    """The one rule by which they are; where none is named, rules are tried on validation."""


class Scored(Method):
    """Has settings of what is shown and, where a task has classes, of how answers are scored."""

    needs = Needs(classes=(Can.CHOOSE,), numbers=(Can.WRITE,), spans=(Can.WRITE,),
                  words=(Can.WRITE,))
    options_type: ClassVar[type[Options]] = ScoreOptions

    def shown(self) -> Sequence[Setting]:
        """Settings of what is shown, in order of preference."""
        return [{}]

    def settings(self, job: Job) -> list[Setting]:
        scored = job.kind is not None and Can.SCORE in ABILITIES[job.kind]
        return self.grid(job.task.kind, _rules(job.inner is not None) if scored else ())

    def grid(self, task: Kind, rules: Sequence[Score]) -> list[Setting]:
        """All settings in order of preference; without rules where nothing tells how likely answers
        are."""
        if not KINDS[task].classes or not rules:
            return list(self.shown())
        named = self.options.score
        return paired(self.shown(), [{"score": rule} for rule in ([named] if named else rules)])

    def tried(self, asking: Asking) -> list[Setting]:
        """Those settings that a run tries."""
        return self.grid(asking.task, _rules(asking.on_top))[:asking.trials]

    def work(self, job: Job, setting: Setting) -> Work:
        """By the first setting that is tried, and examples of the usual length."""
        backbone = job.need_backbone()
        writer = writer_for(backbone.kind, load_tokenizer(backbone), job.task,
                            job.budget.max_length)
        shown = self.shows(Asking(writer, middle(job.train) if self.embeds else job.train,
                                  job.task.corpus, job.task.kind, 1, job.seed,
                                  job.inner is not None))
        rule = RULES[_rule(setting)] if "score" in setting else PLAIN
        beside = rule.prompts if self.embeds and rule.minds_context else 0
        return Work(prompts=1 + beside, before=shown.retrieved,
                    head=len(writer.shots(shown.shots)) if shown.shots else 0,
                    readings=self.readings(job))

    def readings(self, job: Job) -> tuple[Reading, ...]:
        """What the suite's embedder reads for it."""
        if not self.embeds or job.embedder is None:
            return ()
        return (Reading(alike(job).key, job.embedder),)

    def refuses(self, task: Kind, backbone: BackboneKind | None) -> str | None:
        if not KINDS[task].classes and self.options.score:
            return "score: answers in words are written, not scored"
        if backbone is not None and self.options.score and Can.SCORE not in ABILITIES[backbone]:
            return f"score: the {backbone} does not tell how likely answers are"
        return super().refuses(task, backbone)


def _rules(on_top: bool) -> tuple[Score, ...]:
    """In the order in which they are tried. `on_top` of a tuned model, which has learned to be
    scored plainly, there is one."""
    return tuple(RULES)[:1] if on_top else tuple(RULES)


def paired(first: Sequence[Setting], second: Sequence[Setting]) -> list[Setting]:
    """Every setting of one kind with every one of another, those first that stand early in both."""
    places = [(i, j) for i in range(len(first)) for j in range(len(second))]
    return [first[i] | second[j] for i, j in sorted(places, key=lambda place: (sum(place), place))]


def score_by(asked: Model, setting: Setting, clock: Clock) -> Model:
    """The same, answering by the setting's rule."""
    scored = declared(asked).scored
    if scored is not None and "score" in setting:
        with clock.phase("calibrate"):
            scored.score_by(RULES[_rule(setting)])
    return asked


def score_as_saved(asked: Model, setting: Setting, folder: Path) -> Model:
    """The same, answering by the setting's rule as what lies in the folder did."""
    scored = declared(asked).scored
    if scored is not None and "score" in setting:
        scored.read_rule(RULES[_rule(setting)], folder)
    return asked


def _rule(setting: Setting) -> Score:
    return next(rule for rule in RULES if rule == setting["score"])
