"""What a method is: options, a grid of settings, fit, and load."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict

from harness.backbones.checkpoint import Use
from harness.backbones.encoding.features import FeatureStore
from harness.backbones.endpoint.endpoint import Endpoint
from harness.backbones.handle import Handle, Kind
from harness.backbones.load import Loaded
from harness.backbones.prompting.prompts import PromptWriter
from harness.common.capabilities import ASKED, HEADED
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import CannotRunError
from harness.common.kinds import BackboneKind, Balance, Quantize
from harness.common.ranks import ALONE, Ranks
from harness.common.registry import Registry
from harness.methods.learning.held_out import HeldOut
from harness.methods.learning.schedule import schedule_of
from harness.methods.needs import Needs
from harness.methods.work import Work
from harness.suite import Budget
from harness.suite import Kind as TaskKind
from harness.targets.kinds import KINDS as TARGETS
from harness.targets.metric import Metric
from harness.targets.tags import tag_names
from harness.tasks.corpus import Corpus
from harness.tasks.examples import Example, Item
from harness.tasks.view import TaskView

Stopped = Literal["no training", "patience", "budget"]
Setting = dict[str, float | int | str]
Finds = Literal["examples", "passages"]


@dataclass(frozen=True)
class Job:
    """All that a method may use. The test split is not among it."""

    task: TaskView
    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    budget: Budget
    seed: int
    device: Device
    clock: Clock
    store: FeatureStore
    backbone: Handle | None = None
    """Weights that are here."""
    endpoint: Endpoint | None = None
    """A model that answers elsewhere, in the place of a backbone."""
    answers: Path | None = None
    """Where an endpoint's answers are kept; None to ask every time."""
    embedder: Handle | None = None
    ranks: Ranks = ALONE
    """The processes that learn it together, this one among them."""
    inner: Inner | None = None
    """For a method on top of another: what the other one fitted with this seed."""
    say: Callable[[str], None] = lambda text: None
    metric: Metric | None = None
    """What the suite decides by; where there is none, what is chosen has the lowest log loss."""

    @property
    def kind(self) -> BackboneKind | None:
        """Of its backbone; None where it has none."""
        answers = self.backbone or self.endpoint
        return answers.kind if answers else None

    @property
    def written(self) -> bool:
        """Whether it is answered in words, numbers among them: not by classes, nor through a head.
        """
        return TARGETS[self.task.kind].written(self.kind)

    @property
    def headed(self) -> bool:
        """Whether its backbone answers through a head, and not a prompt."""
        return self.kind in HEADED

    @property
    def outputs(self) -> tuple[str, ...]:
        """What the outputs of a head are called."""
        if TARGETS[self.task.kind].tagged:
            return tag_names(self.task.labels)
        return self.task.labels or ("value",)

    @property
    def classes(self) -> int:
        """Number of classes an example's label may name: in words two, on old documents or new."""
        return len(self.task.labels) or 2

    @property
    def products(self) -> torch.dtype:
        """The type that matrices are held in which do not learn. Shards are all of one type."""
        return torch.float32 if self.ranks.sharded else self.device.products

    def need_backbone(self) -> Handle:
        """The backbone. Raises CannotRunError when there is none."""
        if self.backbone is None:
            raise CannotRunError("this method needs a backbone")
        return self.backbone


@dataclass
class CurvePoint:
    """Losses in nats an item. The validation loss is that of the class probabilities, the score the
    deciding metric."""

    step: int
    epoch: float
    train_loss: float
    validation_loss: float | None = None
    validation_score: float | None = None
    seconds: float = 0.0
    """Of the step, without a look at validation."""
    tokens: int = 0
    """Of the training examples that it stepped over."""


@dataclass
class Training:
    """What a training loop used and saw."""

    curve: list[CurvePoint] = field(default_factory=list)
    steps: int = 0
    epochs: float = 0.0
    best_step: int = 0
    """Steps that had made the weights that are kept."""
    stopped: Stopped = "budget"
    still_improving: bool = False
    """The steps ended before improvement did."""
    held: HeldOut | None = None
    """What validation says of the weights that are kept."""
    examples: int = 0
    """That were stepped over, each as often."""
    tokens: int = 0
    flops: float = 0.0
    """Forward and backward: torch's FLOP counter on the first step, scaled by tokens; on the second
    epoch's first step, too, where later epochs begin with states that the first one kept."""
    micro_batch: int = 0
    notes: list[str] = field(default_factory=list)


class Answering(Protocol):
    """Anything that answers a task."""

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        """Class probabilities, [items, classes] fp64, rows summing to one where an item has one
        class; of a task that is answered in words the answers, [items] of str."""


class Fitted(Answering, Protocol):
    """A method after fitting."""

    @property
    def parameters(self) -> tuple[int, int]:
        """Trainable parameters, total parameters."""

    def save(self, folder: Path) -> None:
        """Write everything `Method.load` needs, without pickle."""


class Inner(Protocol):
    """What a method has fitted that another one is on top of."""

    def load(self) -> Fitted:
        """As it was fitted, or as it is served where latency is timed."""

    def merged(self, quantize: Quantize | None) -> Fitted:
        """See `Method.merged`."""


@runtime_checkable
class Adapted(Protocol):
    """A fitted method with its model in memory, so that general questions can be put to it."""

    @property
    def loaded(self) -> Loaded:
        """The model as it was fitted."""


class Retriever(Protocol):
    """What finds texts for the items that a method answers."""

    finds: ClassVar[Finds]
    """Training examples, or passages of the task's corpus."""

    def save(self, folder: Path) -> None:
        """Write the index."""


@runtime_checkable
class Retrieving(Protocol):
    """A fitted method that answers by what it finds, or may."""

    @property
    def retriever(self) -> Retriever | None:
        """What finds it; None where it answers without."""

    @property
    def k(self) -> int:
        """Texts found for an item, at the most."""


@dataclass
class Fit:
    """What `fit` returns."""

    fitted: Fitted
    training: Training | None = None


@dataclass(frozen=True)
class Asking:
    """What is known of a run's prompts before it runs."""

    writer: PromptWriter
    train: tuple[Example, ...]
    corpus: Corpus | None
    task: TaskKind
    trials: int
    seed: int
    on_top: bool = False
    """Whether it asks a model that another method tuned."""


@dataclass(frozen=True)
class Shown:
    """What a method puts into a prompt beside the item, at the most."""

    shots: tuple[Example, ...] = ()
    """Worked examples before all items."""
    retrieved: int = 0
    """Tokens of what is found for an item."""
    found: Literal["shots", "passages"] = "shots"
    """What that is."""


@dataclass(frozen=True)
class Course:
    """How training items are gone through, at the most."""

    epochs: float
    readings: int = 1
    """Texts that an epoch reads for each item."""
    texts: int = 1
    """Texts of a batch for each item that the budget gives it."""

    def steps(self, items: int, batch: int) -> int:
        """The most steps that it takes."""
        return round(self.epochs * math.ceil(items * self.readings / (batch * self.texts)))


class Options(BaseModel):
    """Options of a method: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Method(ABC):
    """A way to adapt a backbone, with its options."""

    name: ClassVar[str]
    family: ClassVar[str]
    needs: ClassVar[Needs]
    """What a backbone must give it, by what it answers."""
    unable: ClassVar[Mapping[Kind, str]] = {}
    """Why it does not work on kinds of backbone that give it all that it needs."""
    fails: ClassVar[Mapping[Kind, str]] = {}
    """Why it does not with the installed versions of libraries: a suite may name it, and its run
    fails."""
    summary: ClassVar[str]
    options_type: ClassVar[type[Options]] = Options
    balances: ClassVar[tuple[Balance, ...]] = ()
    """By what it can balance classes; empty where it does not learn."""
    balance: Balance | None = None
    """By what its options say that it does; None where the budget may offer it something."""
    changes_weights: ClassVar[bool] = False
    """Then what it fits is `Adapted`."""
    changes_matrices: ClassVar[bool] = False
    """Whether matrices of the backbone learn themselves: they are then held whole."""
    embeds: bool = False
    """Whether it finds texts by the suite's embedder. Options may say so."""
    learns: bool = True
    """Whether training examples change its answers."""
    random: bool = True
    """Whether its fits hang on the seed; one without is fitted once. Options may say so, too."""
    rates: tuple[float, ...] = ()
    """Learning rates that a suite names; the method's own grid where empty."""
    like: ClassVar[str | None] = None
    """A method with passes alike, which an estimate times in its place."""
    options: Any

    def __init__(self, options: Any) -> None:
        self.options = self.options_type.model_validate(options)

    def described(self) -> dict[str, Any]:
        """The options as JSON values: part of a run's identity."""
        return dict(self.options.model_dump(mode="json"))

    def settings(self, job: Job) -> list[Setting]:
        """Hyper-parameter settings in order of preference; the first `trials` are tried."""
        return [{}]

    def course(self, budget: Budget, items: int) -> Course:
        """How it goes through so many training items, where it learns from them by gradient."""
        return Course(schedule_of(items, budget).passes)

    def work(self, job: Job, setting: Setting) -> Work | None:
        """What a fit under a setting does, and an answer; None where that is not known, and an
        estimate says that it has none."""
        return None

    def shortened(self) -> Method:
        """The same with the shortest training that its options allow: what an estimate times."""
        return self

    @property
    def virtual_tokens(self) -> int:
        """Tokens that it puts before every sequence, where that is known before it runs."""
        return 0

    def shows(self, asking: Asking) -> Shown:
        """What it puts into a prompt under any of the settings that are tried."""
        return Shown()


    @classmethod
    def reads(cls, backbone: Kind) -> Use:
        """What it reads of a backbone of that kind: with the head that the kind answers with. A
        head that is new reads no more for each word than for each text."""
        return "answers" if backbone in ASKED else "classes"

    def cannot(self, backbone: Handle) -> str | None:
        """Why it will fail on a backbone, where that is known before it runs."""
        return None

    def misfit(self, below: Method | None) -> str | None:
        """Why it cannot stand on another method, or on none."""
        return f"{self.name} works on top of no other method" if below else None

    def refuses(self, task: TaskKind, backbone: BackboneKind | None) -> str | None:
        """What of its options makes no sense for a kind of task, or on a kind of backbone."""
        if self.balance not in (None, "none") and not TARGETS[task].classes:
            return "balance: there are no classes to balance"
        return None

    @abstractmethod
    def fit(self, job: Job, setting: Setting) -> Fit:
        """Adapt. Deterministic in job and setting; the caller seeds the generators."""

    @abstractmethod
    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        """What `Fitted.save` wrote, ready to predict the same."""

    @property
    def merges(self) -> bool:
        """Whether what it learns is an update of weights, kept apart from them."""
        return False

    def merged(self, job: Job, setting: Setting, folder: Path, quantize: Quantize | None = None
               ) -> Fitted:
        """What `load` gives, with the update in the whole weights, which are then quantised or not.

        Raises CannotRunError where there is no update, or it cannot be merged.
        """
        raise CannotRunError(f"{self.name} has no update to merge")


METHODS: Registry[type[Method]] = Registry("method")


def spread(centre: float, ratio: float = 3.0, count: int = 9) -> list[float]:
    """A geometric grid from its centre outwards: c, c*r, c/r, c*r², c/r², …"""
    powers = [0] + [sign * step for step in range(1, count) for sign in (1, -1)]
    return [float(f"{centre * ratio**power:.6g}") for power in powers[:count]]
