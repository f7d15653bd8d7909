"""What a method is once it is fitted, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import numpy as np

from harness.backbones.encoding.learned import Learned
from harness.backbones.load import Loaded
from harness.common.clock import Clock
from harness.common.kinds import Quantize
from harness.methods.learning.training import Training
from harness.tasks.examples import Item

if TYPE_CHECKING:
    from harness.methods.asking.asked import AskedDecoder
    from harness.methods.asking.classifier import DecoderClassifier
    from harness.methods.asking.put import Prompted
    from harness.methods.asking.served import Served

Finds = Literal["examples", "passages"]


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

    def rewound(self, share: float) -> Fitted:
        """See `Method.rewound`."""


class Retriever(Protocol):
    """What finds texts for the items that a method answers."""

    finds: ClassVar[Finds]
    """Training examples, or passages of the task's corpus."""

    def save(self, folder: Path) -> None:
        """Write the index."""


class Retrieving(Protocol):
    """A fitted method that answers by what it finds, or may."""

    @property
    def retriever(self) -> Retriever | None:
        """What finds it; None where it answers without."""

    @property
    def k(self) -> int:
        """Texts found for an item, at the most."""


class Citing(Retrieving, Protocol):
    """One whose answers may name what they are from."""

    cited: dict[str, int | None]
    """By item id, the number that its last answer ended with; empty where none is asked for."""


@dataclass(frozen=True)
class Declared:
    """What a fitted method is beside what answers: which parts of a record it fills, and which
    model's weights are its own. Nothing else tells; None where it has no such thing."""

    model: Loaded | None = None
    """Its model in memory: fills `forgetting`, for general questions can be put to it, and what of
    `size` says how weights are held."""
    embedder: Learned | None = None
    """What it tuned the suite's embedder to, which others may find by."""
    finds: Retrieving | None = None
    """Fills `retrieval`."""
    cites: Citing | None = None
    """Fills `citations`, where its answers name what they are from."""
    prompted: Prompted | None = None
    """Fills `asked`."""
    served: Served | None = None
    """Fills `usage`: an endpoint answers."""
    asked: AskedDecoder | None = None
    """A model here that reads its prompts."""
    scored: DecoderClassifier | None = None
    """The same, where it scores answers that are given."""


NOTHING = Declared()


def declared(model: Answering) -> Declared:
    """What a model says that it is by a property `declares`; without one, what answers alone."""
    found: Declared = getattr(model, "declares", NOTHING)
    return found


@dataclass
class Fit:
    """What `fit` returns."""

    fitted: Fitted
    training: Training | None = None
