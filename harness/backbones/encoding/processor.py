"""What makes a model's inputs of items: in the place of a tokenizer, whatever an item is."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from transformers import PreTrainedTokenizerBase

from harness.backbones.encoding.encode import collate, encode, share_cut, trial_items
from harness.backbones.encoding.padding import Padding
from harness.backbones.encoding.pooled import pooled_part
from harness.backbones.window import positions_known
from harness.common.kinds import Augment, WeightsKind
from harness.tasks.examples import Item

TOKENS = 8
"""Of a made-up text."""
SEGMENTED = ("funnel", "xlnet")
"""Types of models that tell segments apart and whose configurations do not say so."""


class Processor(Protocol):
    """Items become inputs, inputs a batch. What an input is, its processor alone knows."""

    def encode(self, items: Sequence[Item], longest: int) -> list[Any]:
        """Each item's input, of at most `longest` tokens where it has tokens."""

    def varied(self, inputs: Sequence[Any], how: Augment, seed: str) -> list[Any]:
        """The same changed at random, for one epoch of learning."""

    def lengths(self, inputs: Sequence[Any]) -> list[int]:
        """What each input costs a model to read, in tokens."""

    def collate(self, inputs: Sequence[Any], padding: Padding, device: str
                ) -> Mapping[str, torch.Tensor]:
        """One batch on the device: what the model's forward takes, by name."""

    def trial(self, longest: int) -> list[Any]:
        """Inputs of several lengths, the longest last, to see how a model's batches are padded;
        none where all inputs are of one length."""

    def sample(self, device: str) -> dict[str, torch.Tensor]:
        """A batch of one made-up item, to see what a model says."""

    def share_cut(self, items: Sequence[Item], longest: int) -> float:
        """Share of the items that are not read to their end."""

    def joined_to(self, model: Any) -> int:
        """Fit the processor and a model's configuration to each other; the longest input that the
        model reads, in tokens."""

    def save(self, folder: Path) -> None:
        """Write what makes this processor again beside a model's weights."""


@dataclass(frozen=True)
class TextProcessor:
    """Texts through a tokenizer, for a kind of model."""

    tokenizer: PreTrainedTokenizerBase
    kind: WeightsKind

    def encode(self, items: Sequence[Item], longest: int) -> list[Any]:
        return list(encode(self.tokenizer, items, longest))

    def varied(self, inputs: Sequence[Any], how: Augment, seed: str) -> list[Any]:
        return list(inputs)

    def lengths(self, inputs: Sequence[Any]) -> list[int]:
        return [len(item["input_ids"]) for item in inputs]

    def collate(self, inputs: Sequence[Any], padding: Padding, device: str
                ) -> Mapping[str, torch.Tensor]:
        found: Mapping[str, torch.Tensor] = collate(self.tokenizer, inputs, padding, device)
        return found

    def trial(self, longest: int) -> list[Any]:
        return list(trial_items(self.tokenizer, longest))

    def sample(self, device: str) -> dict[str, torch.Tensor]:
        ids = torch.arange(1, 1 + TOKENS, device=device)[None]
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

    def share_cut(self, items: Sequence[Item], longest: int) -> float:
        return share_cut(self.tokenizer, items, longest)

    def joined_to(self, model: Any) -> int:
        model.config.pad_token_id = self.tokenizer.pad_token_id
        self.tokenizer.model_input_names = _taken(self.kind, model, self.tokenizer)
        return _window(model, self.tokenizer)

    def save(self, folder: Path) -> None:
        self.tokenizer.save_pretrained(folder)


def _taken(kind: WeightsKind, model: Any, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """The tokenizer's outputs that the model reads. A tokenizer of a general class gives segment
    ids to all; many models take none, GPT-2 and XLM would read them as tokens, RoBERTa knows one
    alone."""
    pooled = pooled_part(model)
    taken = set(inspect.signature((pooled.reader if pooled else model).forward).parameters)
    known = 2 if model.config.model_type in SEGMENTED else 0
    if kind == "decoder" or getattr(model.config, "type_vocab_size", known) < 2:
        taken.discard("token_type_ids")
    return [name for name in tokenizer.model_input_names if name in taken]


def _window(model: Any, tokenizer: PreTrainedTokenizerBase) -> int:
    known = positions_known(model.config)
    # Positions of RoBERTa's kin begin behind the number that stands for padding.
    known += [module.num_embeddings - module.padding_idx - 1
              for name, module in model.named_modules()
              if isinstance(module, torch.nn.Embedding) and module.padding_idx is not None
              and "position" in name.rpartition(".")[2]]
    return min([*known, int(tokenizer.model_max_length)])
