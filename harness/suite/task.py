"""The task of a suite: where its data lies, what it says, how it is dealt and asked."""

from __future__ import annotations

from functools import reduce
from operator import sub
from typing import Literal

from pydantic import Field, field_validator, model_validator

from harness.common.capabilities import INPUTS
from harness.common.kinds import AnswerLines, Drawn, Input, Kind, Over, Unreadable
from harness.common.names import did_you_mean
from harness.common.text import value_key
from harness.suite.corpus import Corpus
from harness.suite.part import Choice, Part
from harness.suite.source import DataSource
from harness.targets.kinds import KINDS

AnswerReading = Literal["unicode", "squad"]
"""How answers in words are read before they are compared: see docs/answers.md."""
OFFERED = "{unanswerable}"
Template = Literal["auto", "plain", "chat"]
"""What stands around a prompt's words: see docs/prompting.md."""


class Split(Part):
    """Shares of the groups that go to validation, test, the gate and calibration; the rest trains.

    Parts that the data came with are kept as given and have no share here.
    """

    validation: float = Field(0.15, gt=0, lt=1)
    test: float = Field(0.25, gt=0, lt=1)
    gate: float | None = Field(None, gt=0, lt=1)
    """Of a part that no study reads: the gate judges candidates on it. None for no such part: the
    gate then asks the test items."""
    calibration: float | None = Field(None, gt=0, lt=1)
    """Of a part that probabilities are calibrated on and nothing else is; None to calibrate on
    validation items, which also chose weights and settings."""
    seed: int = 0
    by: Over = "groups"
    """What is dealt in these shares, class by class: groups, or the items in them."""
    count: Over | None = None
    """What is alike in a mean over a budget's sample, by weights where need be; None for `by`."""

    @property
    def over(self) -> Drawn:
        """How a budget draws: splits that are dealt by items keep the draw that they came with."""
        if self.by == "groups" and self.count == "items":
            return "sizes"
        return self.count or self.by

    @property
    def shares(self) -> tuple[float, ...]:
        """Of each of `parts`: they sum to one."""
        held = (self.validation, self.test, *self.apart.values())
        return (reduce(sub, held, 1.0), *held)

    @property
    def parts(self) -> tuple[str, ...]:
        """What is dealt: train, validation, test, and what there is of gate and calibration."""
        return ("train", "validation", "test", *self.apart)

    @property
    def apart(self) -> dict[str, float]:
        """The shares of the parts that there need not be."""
        given = {"gate": self.gate, "calibration": self.calibration}
        return {name: share for name, share in given.items() if share is not None}

    @model_validator(mode="after")
    def _leaves_training(self) -> Split:
        if sum(self.shares[1:]) > 0.9:
            *some, last = self.parts[1:]
            raise ValueError(f"{', '.join(some)} and {last} leave less than a tenth for training")
        return self


class Prompt(Part):
    """What a model is asked. `{options}` lists the answers; `{text}`, `{pair}` are the item."""

    instruction: str
    item: str
    passage: str = "Passage: {passage}\n\n"
    """How a retrieved passage of the corpus stands before the item."""
    template: Template = "auto"
    """Nothing around the words (`plain`), or a conversation as the tokenizer's chat template writes
    it (`chat`); `auto` is `chat` for the backbones that have such a template."""

    @field_validator("item")
    @classmethod
    def _holds_text(cls, value: str) -> str:
        if value.count("{text}") != 1 or value.count("{pair}") > 1:
            raise ValueError("must hold {text} once, and {pair} at most once")
        return value

    @field_validator("passage")
    @classmethod
    def _holds_passage(cls, value: str) -> str:
        if value.count("{passage}") != 1:
            raise ValueError("must hold {passage} once")
        return value


UNASKED = Prompt(instruction="", item="{text}")


class Unanswerable(Part):
    """Questions whose right answer is that the documents do not say."""

    says: str = "not in the documents"
    """The answer in words. The prompt's instruction offers it, as `{unanswerable}`."""
    value: str | None = None
    """What stands in the column of answers for it; None where nothing does: an empty cell or list.
    """

    @field_validator("says", "value")
    @classmethod
    def _is_said(cls, value: str | None) -> str | None:
        if value is not None and (not value.strip() or "\n" in value):
            raise ValueError("must be a line with words")
        return value


class TaskSpec(Part):
    """Data, classes and prompt of a task. An item of one of kind `multilabel` has any number of the
    classes, none too; parts of one of kind `spans` have a class each. One of kind `regression` has
    no classes: its labels are numbers. One of kind `generation` has none either: its items are
    questions that are answered in words."""

    kind: Kind = "classification"
    input: Input = "text"
    """What an item is."""
    unreadable: Unreadable = "error"
    """Files that are no picture stop a run, or are left out and counted."""
    source: DataSource
    reader: Choice
    labels: dict[str, tuple[str, ...]] = Field({})
    """Class name to the values in the data that mean it."""
    other_labels: Literal["error", "drop"] = "error"
    options: dict[str, str] = Field({})
    """Class name to the answer a model gives, or to what a picture is compared with; the class name
    itself where absent."""
    prompt: Prompt = UNASKED
    """Of texts alone: no model is asked about a picture."""
    split: Split = Split()
    leaks: Literal["error", "drop"] = "error"
    """Texts and groups that stand in two given splits stop a run, or are left out of the earlier
    one: train, then validation."""
    corpus: Corpus | None = None
    """What items can be answered from."""
    answer_tokens: int = Field(32, ge=1, le=512)
    """The longest answer in words that a model may give."""
    answers: AnswerReading = "unicode"
    answer_lines: AnswerLines = "one"
    """Lines of a reference, and of what a model answers, that are read: see docs/answers.md."""
    unanswerable: Unanswerable | None = None
    """Which questions have no answer, and how that is said; None where every question has one."""

    @property
    def asked(self) -> Prompt:
        """The prompt as models read it, with the phrase for what is not answered."""
        if self.unanswerable is None:
            return self.prompt
        told = self.prompt.instruction.replace(OFFERED, self.unanswerable.says)
        return self.prompt.model_copy(update={"instruction": told})

    @model_validator(mode="after")
    def _fits_its_kind(self) -> TaskSpec:
        kind = KINDS[self.kind]
        least = 1 if kind.tagged else 2
        if kind.named and len(self.labels) < least:
            raise ValueError(f"labels: a {self.kind} task names at least "
                             f"{'one class' if kind.tagged else 'two classes'}")
        if kind.tagged and "{pair}" in self.prompt.item:
            raise ValueError("prompt.item: spans are of one text, so there is no {pair}")
        if not kind.named and (self.labels or self.options):
            raise ValueError(f"labels: a task of kind {self.kind} {kind.says}, "
                             "without classes or options")
        if not kind.questions and self.corpus is not None and self.corpus.new is not None:
            raise ValueError("corpus.new: only questions that are answered in words are told apart "
                             "by whether their document is new")
        if not kind.questions and "answers" in self.model_fields_set:
            raise ValueError("answers: only a task of kind generation is answered in words")
        if not kind.questions and "answer_lines" in self.model_fields_set:
            raise ValueError("answer_lines: only a task of kind generation has lines to answer")
        return self

    @model_validator(mode="after")
    def _offers_the_phrase(self) -> TaskSpec:
        if self.unanswerable is not None and not KINDS[self.kind].questions:
            raise ValueError("unanswerable: only a task of kind generation has questions")
        if (OFFERED in self.prompt.instruction) != (self.unanswerable is not None):
            raise ValueError(f"prompt.instruction: holds {OFFERED} where the task has "
                             "`unanswerable`, and only there: who is asked must know the phrase")
        return self

    @model_validator(mode="after")
    def _fits_its_input(self) -> TaskSpec:
        asked, kind = "prompt" in self.model_fields_set, KINDS[self.kind]
        in_words = INPUTS[self.input].in_words
        if in_words and not asked:
            raise ValueError("prompt: say what a model is asked about a text")
        if in_words and "unreadable" in self.model_fields_set:
            raise ValueError("unreadable: is of pictures; leave it out")
        if not in_words and (kind.tagged or kind.questions):
            raise ValueError(f"kind: a task of kind {self.kind} is of texts, and the input of this "
                             f"one is {self.input}")
        if not in_words and (asked or self.corpus):
            raise ValueError("prompt, corpus: no model is asked about a picture; leave them out")
        return self

    @model_validator(mode="after")
    def _labels_fit(self) -> TaskSpec:
        values = [set(map(value_key, group)) for group in self.labels.values()]
        if len(set().union(*values)) < sum(map(len, values)):
            raise ValueError("a label value stands under two classes")
        for name in self.options:
            if name not in self.labels:
                raise ValueError(f"options: unknown class '{name}'. "
                                 + did_you_mean(name, self.labels))
        return self
