"""Texts as an encoder's inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers import BatchEncoding, PreTrainedTokenizerBase

from harness.backbones.encoding.letters import as_letters
from harness.backbones.encoding.padding import Padding
from harness.tasks.examples import Item

Encoded = dict[str, list[int]]
TRIAL_LENGTHS = (5, 8, 13)


def encode(tokenizer: PreTrainedTokenizerBase, asked: Sequence[Item], max_length: int
           ) -> list[Encoded]:
    """Each example's token ids (and segment ids), at most `max_length` with special tokens; of a
    text that leaves none, the end token by itself.

    A special token's name in a text is just letters. Of a pair the longer text is cut first.
    """
    if not asked:
        return []
    batch = _tokens(tokenizer, asked, truncation=True, max_length=max_length)
    items = [{name: values[i] for name, values in batch.items()} for i in range(len(asked))]
    return [item if item["input_ids"] else _end_alone(tokenizer, item) for item in items]


def collate(tokenizer: PreTrainedTokenizerBase, items: Sequence[Encoded], padding: Padding,
            device: str) -> BatchEncoding:
    """One padded batch of tensors [items, longest] on the device.

    A GPU copies pinned memory while the program goes on.
    """
    batch: Any = tokenizer.pad(list(items), padding=True, padding_side=padding.side,
                               return_tensors="pt", verbose=False)
    if device != "cuda":
        return batch.to(device)
    pinned = BatchEncoding({name: values.pin_memory() for name, values in batch.items()})
    return pinned.to(device, non_blocking=True)


def trial_items(tokenizer: PreTrainedTokenizerBase, window: int) -> list[Encoded]:
    """Items of several lengths, the longest last, to see how a model's batches are padded."""
    words = Item("", "a b c d e f g h i j k l m n o p", None)
    return [item for length in TRIAL_LENGTHS
            for item in encode(tokenizer, [words], min(length, window))]


def share_cut(tokenizer: PreTrainedTokenizerBase, items: Sequence[Item], max_length: int
              ) -> float:
    """Share of the items whose tokens do not fit in `max_length`."""
    if not items:
        return 0.0
    lengths = [len(ids) for ids in _tokens(tokenizer, items)["input_ids"]]
    return sum(length > max_length for length in lengths) / len(lengths)


def _tokens(tokenizer: PreTrainedTokenizerBase, items: Sequence[Item], **cut: Any
            ) -> BatchEncoding:
    texts = as_letters(tokenizer, [item.text for item in items])
    pairs = (as_letters(tokenizer, [str(item.pair) for item in items])
             if items[0].pair is not None else None)
    return tokenizer(texts, pairs, split_special_tokens=True, verbose=False, **cut)


def _end_alone(tokenizer: PreTrainedTokenizerBase, item: Encoded) -> Encoded:
    known = (tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.pad_token_id)
    token = next(token for token in known if token is not None)
    values = {"input_ids": token, "attention_mask": 1}
    return {name: [values.get(name, 0)] for name in item}
