"""A record: the typed, versioned result of one run."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from harness.common.kinds import State
from harness.forgetting.figures import Forgetting
from harness.measure.as_exported import AsExported
from harness.measure.citations import Citations
from harness.measure.cost import Cost
from harness.measure.generation import Generation
from harness.measure.latency import LatencyFigures
from harness.measure.merge import Merge
from harness.measure.multilabel import SetQuality
from harness.measure.overfitting import Overfitting
from harness.measure.part import RecordPart
from harness.measure.quality import Quality
from harness.measure.question import Asked
from harness.measure.regression import Regression
from harness.measure.retrieval import PassageRetrieval, Retrieval
from harness.measure.slices import Slice
from harness.measure.spans import SpanQuality
from harness.measure.tempering import Tempering
from harness.measure.usage import Usage
from harness.methods.learning.training import Stopped
from harness.study.identity import Identity
from harness.suite import Kind
from harness.targets.generation import CITATIONS
from harness.targets.kinds import KINDS

SCHEMA_VERSION = 11
PASSES = ("epochs_allowed", "best_epoch")


class Status(RecordPart):
    """How a run ended, and why."""

    state: State
    reason: str | None = None


class ItemsRead(RecordPart):
    """The items that a run learned from, chose by and answered, as it read them."""

    train_sha256: str
    """Over the ids of the training items, in their order."""
    validation_sha256: str
    words_sha256: str
    """Over what is read of all three parts."""
    words_median: float | None
    """Words of a training or test item; None of pictures, which are read whole."""
    words_longest: int | None


class BudgetUsed(RecordPart):
    """What the run used of its budget."""

    train_items: int
    validation_items: int
    test_items: int
    steps_allowed: int | None = None
    """By the budget, or by a recipe of the method's own; None in older records, whose budgets
    counted passes."""
    epochs_used: float
    taught_items: int | None = None
    """Training items that a pass goes through, where others teach the method nothing, as a question
    that names no document does a retriever; None where all do."""
    steps: int
    best_step: int | None = None
    """Steps that had made the weights that are kept."""
    effective_batch: int
    micro_batch: int | None
    max_length: int
    examples_seen: int | None = None
    """Training examples that the chosen fit stepped over, each as often; None in older records."""
    texts: int = 1
    """Of such an example: two where pairs of items are learned from."""
    tokens_seen: int
    """Tokens of the training items the chosen fit stepped over (a decoder's shared prompt head,
    read once a batch, not counted)."""
    share_cut: float | None
    """Share of the training items longer than `max_length` tokens; None for no backbone."""
    read: ItemsRead | None = None
    """Older records have none."""

    @model_validator(mode="before")
    @classmethod
    def _without_passes(cls, value: Any) -> Any:
        """Older records are read, without what they say of passes over the training items."""
        if not isinstance(value, dict):
            return value
        return {name: said for name, said in value.items() if name not in PASSES}


class TrialRecord(RecordPart):
    """One setting tried on validation; never a result."""

    setting: dict[str, float | int | str]
    validation_loss: float | None
    seconds: float
    score: float | None = None
    """The deciding metric on validation; None where it is not defined."""
    failure: str | None = None


class CurveRecord(RecordPart):
    """Losses in nats an item after a step."""

    step: int
    epoch: float
    train_loss: float
    validation_loss: float | None
    validation_score: float | None = None
    """The deciding metric."""


class Ending(RecordPart):
    """How adaptation came to its end, and what was chosen on validation: whether the method was
    given what it needed."""

    chosen_by: str
    """The metric that chose weights and setting on validation; log loss breaks ties. `mrr`: the
    mean reciprocal rank of the document, where a retriever was tuned to find it."""
    passes: float
    """Over the training examples."""
    steps: int
    stopped: Stopped
    """`patience`: nothing better was found for as long as the budget waits; `budget`: no steps were
    left."""
    still_improving: bool
    """The best weights were found so late that more steps may have found better ones."""
    edge_of_grid: bool
    """The chosen setting lies at the end of those tried, and the grid goes on beyond it."""
    whole_grid: bool = False
    """Its grid has no setting that was not tried, however many the budget has."""
    above_chance: bool
    """Better on validation than the most frequent class, or answer, of the training examples."""
    validation_items: int
    validation_worth: float | None = None
    """Items of equal weight that tell as much, where they are weighted as test items are; None
    where they count alike."""
    validation_score: float | None
    """The metric on validation of what was chosen; None where it is not defined there."""


class Size(RecordPart):
    """Parameters and bytes on disk."""

    trainable_parameters: int
    total_parameters: int
    artifact_bytes: int
    """Everything this method adds to the backbone, as saved; of one on top of another, both."""
    held: dict[str, int] = Field({})
    """Parameters by the type that they were held in after fitting, by torch's name of it; empty
    where no model stays in memory."""


class Environment(RecordPart):
    """Where a run was carried out. No host name, user or path."""

    python: str
    platform: str
    processor: str
    cores: int
    threads: int
    device: str
    autocast: str
    waiting: str | None = None
    """The setting by which threads waited for each other, `NAME=value`; None for the libraries'
    own way."""
    commit: str | None
    dirty: bool | None


class Record(RecordPart):
    """One run. Parts that a run did not reach, or that do not apply, are None."""

    schema_version: int = SCHEMA_VERSION
    identity: Identity
    status: Status
    setting: dict[str, float | int | str] | None = None
    budget_used: BudgetUsed | None = None
    trials: tuple[TrialRecord, ...] = ()
    curve: tuple[CurveRecord, ...] = ()
    ending: Ending | None = None
    quality: Quality | None = None
    """Of a task whose items have one class each."""
    multilabel: SetQuality | None = None
    """Of a task whose items have any number of classes."""
    regression: Regression | None = None
    """Of a task that is answered with numbers."""
    spans: SpanQuality | None = None
    """Of a task that is answered with spans."""
    generation: Generation | None = None
    """Of a task that is answered in words."""
    slices: tuple[Slice, ...] = ()
    overfitting: Overfitting | None = None
    forgetting: Forgetting | None = None
    latency: LatencyFigures | None = None
    cost: Cost | None = None
    size: Size | None = None
    tempering: Tempering | None = None
    """None where probabilities are as they come."""
    merge: Merge | None = None
    """Of an adapter: what its merged model answers otherwise; None of others, and in older records.
    """
    latency_apart: LatencyFigures | None = None
    """Of an adapter that is timed merged: the same round's figures of it apart."""
    exports: dict[str, AsExported] = Field({})
    """As what the run was exported, by format; empty where the suite asks for none, and in older
    records."""
    retrieval: Retrieval | PassageRetrieval | None = None
    citations: Citations | None = None
    """None of a method that is not asked to name the passage it answers from, and in older records.
    """
    asked: Asked | None = None
    """What was put to the model for the first test item; None of a method without a prompt, and in
    older records."""
    usage: Usage | None = None
    """What an endpoint was asked; None where weights are here, and in older records."""
    notes: tuple[str, ...] = ()
    environment: Environment
    predictions_sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    artifact_sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    """Over every file that the method saved."""

    @property
    def answered(self) -> Quality | SetQuality | Regression | SpanQuality | Generation | None:
        """The part of its kind of task; None without a result."""
        return (self.quality or self.multilabel or self.regression or self.spans
                or self.generation)

    @property
    def kind(self) -> Kind | None:
        """The kind of task that it answered; None without a result."""
        return self.answered.kind if self.answered else None

    @property
    def figures(self) -> dict[str, float | None]:
        """Every metric of the run on all its test items; empty without a result."""
        found = self.answered
        cited = self.citations.figures if self.citations is not None else {}
        return {} if found is None else {
            metric.name: getattr(found, metric.name) for metric in KINDS[found.kind].own
            if metric.name not in CITATIONS} | cited | self.added

    @property
    def added(self) -> dict[str, float | None]:
        """Its figures by metrics of other packages."""
        found: dict[str, float | None] = getattr(self.answered, "others", {})
        return found
