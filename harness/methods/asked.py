"""A model that is asked with the task's prompt, whatever the form of its answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from harness.backbones.load import Loaded
from harness.backbones.options import OptionTree
from harness.backbones.prompts import PromptWriter
from harness.backbones.score import Prefix, read_prefix
from harness.backbones.scoring_check import check_scoring
from harness.backbones.traits import is_seq2seq
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import CannotRunError
from harness.methods.encoder import count_parameters
from harness.tasks.examples import Example

BATCH = 16
Save = Callable[[Loaded, Path], None]
Write = Callable[[Sequence[Example], Clock], list[list[int]]]


class Retrieves(Protocol):
    """What puts retrieved text before the items."""

    def save(self, folder: Path) -> None:
        """Write the index."""


@dataclass
class AskedDecoder(ABC):
    """Reads the shared `head` of all prompts once; `write` gives each item's own tokens."""

    loaded: Loaded
    writer: PromptWriter
    head: list[int]
    device: Device
    write: Write
    save_model: Save
    room: int
    """Tokens that an answer may take."""
    retriever: Retrieves | None = None
    k: int = 0
    prefix: Prefix | None = None
    """The head's keys and values, kept from the first prediction on: weights are final then."""

    @property
    def parameters(self) -> tuple[int, int]:
        return count_parameters(self.loaded.model)

    def predict(self, examples: Sequence[Example], clock: Clock) -> np.ndarray:
        items = self.write(examples, clock)
        self.check_window(items)
        with clock.phase("generate"):
            if self.prefix is None:
                self.loaded.model.eval()
                check_scoring(self.loaded.model)
                self.prefix = self.read_head()
            return self.answer(items, self.prefix)

    @abstractmethod
    def answer(self, items: Sequence[list[int]], prefix: Prefix) -> np.ndarray:
        """What `predict` returns, for the items' tokens behind the head's keys and values."""

    @abstractmethod
    def held_trees(self, examples: Sequence[Example]) -> list[OptionTree]:
        """What `held_loss` scores of each item."""

    @abstractmethod
    def held_loss(self, items: Sequence[list[int]], trees: Sequence[OptionTree],
                  examples: Sequence[Example], prefix: Prefix) -> float:
        """Loss in nats an item under the weights as they are now; `items` are their tokens."""

    def read_head(self) -> Prefix:
        """Keys and values of the shared head under the weights as they are now."""
        self.loaded.model.eval()
        with torch.inference_mode(), self.device.autocast_context():
            return read_prefix(self.loaded.model, self.head)

    def save(self, folder: Path) -> None:
        self.save_model(self.loaded, folder)
        if self.retriever is not None:
            self.retriever.save(folder)

    def check_window(self, items: Sequence[list[int]]) -> None:
        """Raise CannotRunError where a prompt and its answer do not fit the model's window."""
        longest = len(self.head) + max(map(len, items))
        if is_seq2seq(self.loaded.model):  # the answer has a window of its own
            longest = max(longest, self.room)
        else:
            longest += self.room
        if longest > self.loaded.window:
            raise CannotRunError(f"a prompt of {longest} tokens is longer than the model's window "
                                 f"of {self.loaded.window}: lower max_length, shots or tokens")
