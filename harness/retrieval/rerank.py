"""What a search finds, put in order by a model that reads question and passage together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.common.clock import Clock
from harness.retrieval.searches import Search
from harness.retrieval.vectors import NONE

Score = Callable[[Sequence[tuple[str, str]], Clock], np.ndarray]
"""Pairs of question and passage to how well the passage answers, [pairs]: more is better."""


@dataclass
class Reranked:
    """A search whose first `depth` passages are put in order by `score`; those behind stay behind.
    """

    search: Search
    depth: int
    texts: Callable[[Sequence[int]], list[str]]
    """The passages at these places."""
    score: Score

    @property
    def kind(self) -> str:
        return f"{self.search.kind}, reranked"

    @property
    def size(self) -> int:
        return self.search.size

    @property
    def bytes(self) -> int:
        return self.search.bytes

    def rank(self, questions: Sequence[str], k: int, clock: Clock) -> np.ndarray:
        """See `Search`. Of passages with one score the one that the search had first is first."""
        found = self.search.rank(questions, max(k, self.depth), clock)
        first = found[:, : self.depth]
        asked, there = np.nonzero(first != NONE)
        texts = self.texts(first[asked, there].tolist())
        scores = np.full(first.shape, -np.inf)
        if len(texts):
            pairs = [(questions[row], text)
                     for row, text in zip(asked.tolist(), texts, strict=True)]
            scores[asked, there] = self.score(pairs, clock)
        order = np.argsort(-scores, axis=1, kind="stable")
        ordered = np.take_along_axis(first, order, axis=1)
        return np.concatenate([ordered, found[:, self.depth:]], axis=1)[:, :k]

    def extend(self, texts: Sequence[str], clock: Clock) -> None:
        self.search.extend(texts, clock)

    def save(self, folder: Path) -> None:
        self.search.save(folder)
