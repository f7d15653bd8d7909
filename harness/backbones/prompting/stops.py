"""Texts at which a written answer ends, seen as soon as its tokens spell them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase, StoppingCriteria

AROUND = 2
"""Tokens beyond those of a text that it is looked for in: a model may spell it with others."""


class Stops(StoppingCriteria):
    """Says of each row whether its last tokens hold one of the texts.

    `start` is the column at which answers begin. A row that ends is padded from there on, while the
    others are written: unlike lm-eval's criterion, which goes on with all until all have ended.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], start: int = 0
                 ) -> None:
        self.tokenizer, self.start = tokenizer, start
        self.texts = [text for text in texts if text]
        self.last = AROUND + max((len(tokenizer.encode(text, add_special_tokens=False))
                                  for text in self.texts), default=0)

    def behind(self, start: int) -> Stops:
        """The same for answers that begin at a column."""
        return Stops(self.tokenizer, self.texts, start)

    def held(self, input_ids: torch.Tensor) -> torch.Tensor:
        """[rows] of bool: whether an answer holds one of the texts anywhere."""
        answers = self.tokenizer.batch_decode(input_ids[:, self.start:])
        return torch.tensor([any(text in answer for text in self.texts) for answer in answers],
                            device=input_ids.device)

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        """[rows] of bool, from the ids [rows, columns] so far."""
        tails = self.tokenizer.batch_decode(input_ids[:, self.start:][:, -self.last:])
        return torch.tensor([any(text in tail for text in self.texts) for tail in tails],
                            device=input_ids.device)
