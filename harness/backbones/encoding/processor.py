"""What makes a model's inputs of items: in the place of a tokenizer, whatever an item is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from transformers import PreTrainedTokenizerBase

from harness.backbones.encoding.encode import collate, encode, share_cut, trial_items
from harness.backbones.encoding.padding import Padding
from harness.tasks.examples import Item


class Processor(Protocol):
    """Items become inputs, inputs a batch. What an input is, its processor alone knows."""

    def encode(self, items: Sequence[Item], longest: int) -> list[Any]:
        """Each item's input, of at most `longest` tokens where it has tokens."""

    def lengths(self, inputs: Sequence[Any]) -> list[int]:
        """What each input costs a model to read, in tokens."""

    def collate(self, inputs: Sequence[Any], padding: Padding, device: str
                ) -> Mapping[str, torch.Tensor]:
        """One batch on the device: what the model's forward takes, by name."""

    def trial(self, longest: int) -> list[Any]:
        """Inputs of several lengths, the longest last, to see how a model's batches are padded;
        none where all inputs are of one length."""

    def share_cut(self, items: Sequence[Item], longest: int) -> float:
        """Share of the items that are not read to their end."""

    def save(self, folder: Path) -> None:
        """Write what makes this processor again beside a model's weights."""


@dataclass(frozen=True)
class TextProcessor:
    """Texts through a tokenizer."""

    tokenizer: PreTrainedTokenizerBase

    def encode(self, items: Sequence[Item], longest: int) -> list[Any]:
        return list(encode(self.tokenizer, items, longest))

    def lengths(self, inputs: Sequence[Any]) -> list[int]:
        return [len(item["input_ids"]) for item in inputs]

    def collate(self, inputs: Sequence[Any], padding: Padding, device: str
                ) -> Mapping[str, torch.Tensor]:
        return collate(self.tokenizer, inputs, padding, device)

    def trial(self, longest: int) -> list[Any]:
        return list(trial_items(self.tokenizer, longest))

    def share_cut(self, items: Sequence[Item], longest: int) -> float:
        return share_cut(self.tokenizer, items, longest)

    def save(self, folder: Path) -> None:
        self.tokenizer.save_pretrained(folder)
