"""A model with a head as it is shipped: its forward pass, and nothing that makes it faster here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from harness.backbones.batches import by_length
from harness.backbones.encoding.encode import Encoded, collate, encode, trial_items
from harness.backbones.encoding.padding import Padding, find_padding
from harness.backbones.encoding.word_tokens import at_words, padding_of, word_tokens
from harness.common.clock import Clock
from harness.methods.learning.encoder import BATCH
from harness.methods.learning.tagger import likeliest
from harness.methods.link import Link
from harness.targets.spans import as_spans
from harness.tasks.examples import Item

Forward = Callable[[Mapping[str, np.ndarray]], np.ndarray]
"""Of a padded batch of int64 arrays [items, longest] by name the logits: [items, outputs], or
[items, longest, tags]."""


@dataclass
class Shipped:
    """Answers of a head, one for each item, through the link."""

    forward: Forward
    tokenizer: PreTrainedTokenizerBase
    max_length: int
    link: Link
    together: int = BATCH
    """Items of a batch. One where a batch's other items would change an item's answer: then an
    answer is asked alone, so that it is the item's own."""
    padding: Padding = field(init=False)

    def __post_init__(self) -> None:
        self.padding = self._padding() if self.together > 1 else Padding.RIGHT

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        """Class probabilities, or numbers, [items, outputs] fp64; of spans [items] of tuples."""
        with clock.phase("predict"):
            return self.answer(items)

    def answer(self, items: Sequence[Item]) -> np.ndarray:
        """What `predict` returns."""
        encoded = encode(self.tokenizer, items, self.max_length)
        rows: dict[int, np.ndarray] = {}
        for indices in self.batches(encoded):
            logits = self.logits([encoded[i] for i in indices], self.padding)
            rows.update(zip(indices, self.link.probabilities(logits.double().numpy()),
                            strict=True))
        return np.stack([rows[i] for i in range(len(encoded))])

    def batches(self, encoded: Sequence[Encoded]) -> Iterator[list[int]]:
        """Indices of the items of each batch."""
        lengths = [len(item["input_ids"]) for item in encoded]
        yield from self.padding.cut(by_length(lengths, self.together), lengths)

    def logits(self, items: Sequence[Encoded], padding: Padding) -> torch.Tensor:
        """What the forward pass gives of items in one batch."""
        batch = collate(self.tokenizer, items, padding, "cpu")
        return torch.from_numpy(self.forward({name: values.numpy()
                                              for name, values in batch.items()}))

    def _padding(self) -> Padding:
        return find_padding(trial_items(self.tokenizer, self.max_length), self.logits)


@dataclass
class ShippedTagger(Shipped):
    """Answers of a head that says something of each token, read at the first one of each word."""

    tags: np.ndarray | None = None
    """Of each of the model's tags the task's, where it has others: [tags]."""

    def answer(self, items: Sequence[Item]) -> np.ndarray:
        tokens = word_tokens(self.tokenizer, items, self.max_length)
        encoded = [one.encoded for one in tokens]
        rows: dict[int, np.ndarray] = {}
        for indices in self.batches(encoded):
            states = self.logits([encoded[i] for i in indices], self.padding)
            read = at_words(states, [tokens[i] for i in indices], self.padding)
            rows.update(zip(indices, (own.numpy() for own in read), strict=True))
        return as_spans([likeliest(item, tokens[i], rows[i], self.tags)
                         for i, item in enumerate(items)])

    def _padding(self) -> Padding:
        return padding_of(self.logits, self.tokenizer, self.max_length)
