"""A suite: task, backbones, methods, budget, what to measure, how to decide, what to ask."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from harness.common.capabilities import WITH_HEAD
from harness.common.kinds import (
    AnswerLines,
    Balance,
    Drawn,
    Ends,
    Kind,
    Over,
    Quantize,
    WeightsKind,
)
from harness.common.names import did_you_mean
from harness.common.text import value_key
from harness.suite.corpus import Corpus
from harness.suite.decide import Decide
from harness.suite.endpoint import EndpointFields
from harness.suite.gate import Gate
from harness.suite.part import Choice, Name, Part
from harness.suite.source import DataSource, Source
from harness.suite.words import Words
from harness.targets.kinds import KINDS
from harness.targets.metric import Metric

AnswerReading = Literal["unicode", "squad"]
"""How answers in words are read before they are compared: see docs/answers.md."""


Template = Literal["auto", "plain", "chat"]
"""What stands around a prompt's words: see docs/prompting.md."""


class Split(Part):
    """Shares of the groups that go to validation and test; the rest trains.

    Parts that the data came with are kept as given and have no share here.
    """

    validation: float = Field(0.15, gt=0, lt=1)
    test: float = Field(0.25, gt=0, lt=1)
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

    @model_validator(mode="after")
    def _leaves_training(self) -> Split:
        if self.validation + self.test > 0.9:
            raise ValueError("validation and test leave less than a tenth for training")
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


class TaskSpec(Part):
    """Data, classes and prompt of a task. An item of one of kind `multilabel` has any number of the
    classes, none too; parts of one of kind `spans` have a class each. One of kind `regression` has
    no classes: its labels are numbers. One of kind `generation` has none either: its items are
    questions that are answered in words."""

    kind: Kind = "classification"
    source: DataSource
    reader: Choice
    labels: dict[str, tuple[str, ...]] = Field({})
    """Class name to the values in the data that mean it."""
    other_labels: Literal["error", "drop"] = "error"
    options: dict[str, str] = Field({})
    """Class name to the answer a model gives; the class name itself where absent."""
    prompt: Prompt
    split: Split = Split()
    leaks: Literal["error", "drop"] = "error"
    """Texts and groups that stand in two given splits stop a run, or are left out of the earlier
    one: train, then validation."""
    corpus: Corpus | None = None
    """What questions can be answered from."""
    answer_tokens: int = Field(32, ge=1, le=512)
    """The longest answer in words that a model may give."""
    answers: AnswerReading = "unicode"
    answer_lines: AnswerLines = "one"
    """Lines of a reference, and of what a model answers, that are read: see docs/answers.md."""

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
        if not kind.questions and self.corpus is not None:
            raise ValueError("corpus: only a task of kind generation is answered from documents")
        if not kind.questions and "answers" in self.model_fields_set:
            raise ValueError("answers: only a task of kind generation is answered in words")
        if not kind.questions and "answer_lines" in self.model_fields_set:
            raise ValueError("answer_lines: only a task of kind generation has lines to answer")
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


class Budget(Part):
    """What every method of a backbone may use."""

    train: int = Field(2000, ge=2)
    validation: int = Field(400, ge=2)
    test: int = Field(1000, ge=2)
    epochs: int = Field(3, ge=1)
    """Passes over the training examples that learning by gradient may always take."""
    steps: int = Field(200, ge=1)
    """Optimiser steps that it may always take: few examples are passed over as often as that
    needs."""
    batch: int = Field(16, ge=1)
    max_length: int = Field(128, ge=8)
    """Tokens of a text that a backbone reads."""
    max_words: int | None = Field(None, ge=2)
    """Words of an item's texts that every method reads, with a backbone or without; None for the
    whole texts."""
    ends: Ends = "head"
    """What of a text with more words is read: its first `max_words`, or a quarter of them and the
    last three quarters (Sun et al. 2019, How to Fine-Tune BERT for Text Classification?, section
    5.3.1: 128 and 382 of 510 tokens)."""
    trials: int = Field(3, ge=1, le=9)
    seeds: int = Field(3, ge=1, le=100)
    balance: tuple[Balance, ...] = Field(("none",), min_length=1)
    """What rare classes may count while a method learns. Each that a method can is tried with every
    setting of its own, for all methods alike; the trials stay as many."""
    patience: int = Field(4, ge=1)
    """Looks at validation in a row without a gain, of more than one standard error, before training
    cools down and stops."""

    @property
    def words(self) -> Words | None:
        """What every method reads of an item; None for all of it."""
        return None if self.max_words is None else Words(self.max_words, self.ends)


class BudgetChange(Part):
    """The fields of a budget that one backbone departs in."""

    train: int | None = Field(None, ge=2)
    validation: int | None = Field(None, ge=2)
    test: int | None = Field(None, ge=2)
    epochs: int | None = Field(None, ge=1)
    steps: int | None = Field(None, ge=1)
    batch: int | None = Field(None, ge=1)
    max_length: int | None = Field(None, ge=8)
    max_words: int | None = Field(None, ge=2)
    """`null` that is written takes the suite's bound away."""
    ends: Ends | None = None
    trials: int | None = Field(None, ge=1, le=9)
    seeds: int | None = Field(None, ge=1, le=100)
    balance: tuple[Balance, ...] | None = Field(None, min_length=1)
    patience: int | None = Field(None, ge=1)

    def of(self, budget: Budget) -> Budget:
        """The budget that departs so from another."""
        said = self.model_dump(exclude_unset=True)
        return budget.model_copy(update={name: value for name, value in said.items()
                                         if value is not None or name == "max_words"})


class RunLimits(Part):
    """Where a single run is stopped. They do not change a result, only whether there is one."""

    minutes: float | None = Field(None, gt=0)
    memory_gib: float | None = Field(None, gt=0)
    """What the run's process may take on Linux beyond the libraries it starts with."""


class BackboneSpec(Part):
    """A pretrained model, its methods, and where its budget departs from the suite's."""

    kind: WeightsKind
    source: Source
    head: Literal["classifier"] | None = None
    """`classifier`: a decoder answers through a head on its last token, as transformers has it, and
    not its prompt; methods take it for an encoder."""
    quantize: Quantize | None = None
    """What its matrices are held in, by bitsandbytes; None for as they are multiplied."""
    methods: tuple[Choice, ...] = Field(min_length=1)
    budget: BudgetChange = BudgetChange()

    @model_validator(mode="after")
    def _has_no_head_yet(self) -> BackboneSpec:
        if self.head is not None and self.kind not in WITH_HEAD:
            raise ValueError(f"head: a backbone of kind {self.kind} is not asked for one; leave it "
                             "out")
        return self

    @property
    def used_as(self) -> WeightsKind:
        """The kind that methods take it for."""
        return self.kind if self.head is None else WITH_HEAD[self.kind]


class EndpointSpec(EndpointFields):
    """A model behind an endpoint, its methods, and where its budget departs from the suite's."""

    methods: tuple[Choice, ...] = Field(min_length=1)
    budget: BudgetChange = BudgetChange()


def _backbone_tag(value: Any) -> str:
    served = isinstance(value, EndpointSpec) or (
        isinstance(value, dict) and not {"endpoint"}.isdisjoint(value))
    return "tag:endpoint" if served else "tag:weights"


AnyBackbone = Annotated[
    Annotated[BackboneSpec, Tag("tag:weights")] | Annotated[EndpointSpec, Tag("tag:endpoint")],
    Discriminator(_backbone_tag),
]


class Latency(Part):
    """How latency is measured: interleaved rounds of one request a method."""

    requests: int = Field(100, ge=2)
    warmup: int = Field(3, ge=1)
    batch: int = Field(16, ge=1)
    batches: int = Field(4, ge=1)


class ForgettingItems(Part):
    """General items that a tuned model is compared on with its untouched backbone.

    Items are drawn by `seed` and are the same for all methods.
    """

    benchmarks: dict[str, Annotated[int, Field(ge=2)]] = Field({})
    """For models that answer prompts: benchmark (of the catalogue, or any task of lm-eval) to
    number of items."""
    probes: dict[str, Annotated[int, Field(ge=20)]] = Field({})
    """For encoders: probe (sst2, mrpc, rte) to number of items."""
    passages: int = Field(0, ge=0)
    """Passages of general text: similarity for encoders, cross-entropy for all others."""
    seed: int = 0


class Measure(Part):
    """What is measured beside quality."""

    latency: Latency = Latency()
    forgetting: ForgettingItems | None = None


def _check_matters(metric: Metric, decide: Decide) -> None:
    """Raise ValueError for a difference that is larger than any, and where the metric has a unit of
    which only the suite can say what matters."""
    if metric.unit != "share" and "matters" not in decide.model_fields_set:
        raise ValueError(f"decide.matters: {metric.says} is in the target's unit; say the smallest "
                         "difference of it that would matter to you")
    if metric.unit == "share" and decide.matters >= 1:
        raise ValueError(f"decide.matters: {decide.matters:g} is no difference of {metric.says}, "
                         "which is a share; give less than 1")


class Suite(Part):
    """One task, its backbones, their methods, one budget, how to measure, decide and gate."""

    name: Name
    title: str
    description: str = ""
    task: TaskSpec
    backbones: dict[Name, AnyBackbone] = Field(min_length=1)
    sends_data: bool = False
    """Whether items may be sent to the endpoints among the backbones."""
    methods: tuple[Choice, ...] = ()
    """Methods that need no backbone."""
    embedder: Source | None = None
    """sentence-transformers model for retrieval into prompts."""
    budget: Budget = Budget()
    train_sizes: tuple[Annotated[int, Field(ge=2)], ...] = ()
    """Smaller training sizes that every method is fitted at too, for learning curves."""
    run_limits: RunLimits = RunLimits()
    measure: Measure = Measure()
    decide: Decide = Decide()
    gate: Gate | None = None

    @model_validator(mode="after")
    def _decided_by_its_kind(self) -> Suite:
        kind = KINDS[self.task.kind]
        decides = kind.find(self.decide.metric)
        if decides is None or not decides.decides:
            raise ValueError(f"decide.metric: {self.decide.metric} is not of a task of kind "
                             f"{self.task.kind}; choose one of {', '.join(kind.deciding)}")
        _check_matters(decides, self.decide)
        if decides.graded and self.endpoints:
            raise ValueError(f"decide.metric: {decides.says} is made of probabilities, which no "
                             f"endpoint gives ({', '.join(self.endpoints)}); choose another")
        if self.gate is not None:
            self.gate.check_fits(kind)
        return self

    @model_validator(mode="after")
    def _sends_knowingly(self) -> Suite:
        for name, spec in self.endpoints.items():
            if not self.sends_data:
                raise ValueError(f"backbones.{name}: items would be sent to {spec.host}; write "
                                 "`sends_data: true` in the suite if they may be")
        return self

    @property
    def weights(self) -> dict[str, BackboneSpec]:
        """Backbones whose weights are read here."""
        return {name: spec for name, spec in self.backbones.items()
                if isinstance(spec, BackboneSpec)}

    @property
    def endpoints(self) -> dict[str, EndpointSpec]:
        """Backbones that answer elsewhere."""
        return {name: spec for name, spec in self.backbones.items()
                if isinstance(spec, EndpointSpec)}

    def budget_for(self, backbone: str | None) -> Budget:
        """The suite's budget, with the backbone's departures."""
        if backbone is None:
            return self.budget
        return self.backbones[backbone].budget.of(self.budget)
