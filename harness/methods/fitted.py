"""What a method is once it is fitted, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Protocol, runtime_checkable

import numpy as np

from harness.backbones.encoding.learned import Learned
from harness.backbones.load import Loaded
from harness.common.clock import Clock
from harness.common.kinds import Quantize
from harness.methods.learning.training import Training
from harness.tasks.examples import Item

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


@runtime_checkable
class Tunes(Protocol):
    """A fitted method that tuned the suite's embedder."""

    @property
    def learned(self) -> Learned:
        """What its weights are now."""


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


@runtime_checkable
class Citing(Retrieving, Protocol):
    """One whose answers may name what they are from."""

    cited: dict[str, int | None]
    """By item id, the number that its last answer ended with; empty where none is asked for."""


@dataclass
class Fit:
    """What `fit` returns."""

    fitted: Fitted
    training: Training | None = None
