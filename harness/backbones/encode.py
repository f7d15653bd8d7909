"""Texts as an encoder's inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers import BatchEncoding, PreTrainedTokenizerBase

from harness.tasks.examples import Example

Encoded = dict[str, list[int]]


def encode(tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example], max_length: int
           ) -> list[Encoded]:
    """Each example's token ids (and segment ids), at most `max_length` with special tokens.

    Of a pair the longer text is cut first.
    """
    if not examples:
        return []
    texts = [example.text for example in examples]
    pairs = [example.pair for example in examples] if examples[0].pair is not None else None
    batch = tokenizer(texts, pairs, truncation=True, max_length=max_length, verbose=False)
    return [{name: values[i] for name, values in batch.items()} for i in range(len(examples))]


def collate(tokenizer: PreTrainedTokenizerBase, items: Sequence[Encoded], device: str
            ) -> BatchEncoding:
    """One padded batch of tensors [items, longest] on the device.

    A GPU copies pinned memory while the program goes on.
    """
    batch: Any = tokenizer.pad(list(items), padding=True, return_tensors="pt", verbose=False)
    if device != "cuda":
        return batch.to(device)
    pinned = BatchEncoding({name: values.pin_memory() for name, values in batch.items()})
    return pinned.to(device, non_blocking=True)


def share_cut(tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example], max_length: int
              ) -> float:
    """Share of the examples whose tokens do not fit in `max_length`."""
    if not examples:
        return 0.0
    texts = [example.text for example in examples]
    pairs = [example.pair for example in examples] if examples[0].pair is not None else None
    lengths = [len(ids) for ids in tokenizer(texts, pairs, verbose=False)["input_ids"]]
    return sum(length > max_length for length in lengths) / len(lengths)
