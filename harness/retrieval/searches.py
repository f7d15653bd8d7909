"""Ways to rank passages for questions: by vectors, by words (BM25), by both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import faiss
import numpy as np

from harness.common.clock import Clock
from harness.common.kinds import Ranking
from harness.retrieval.lexical import Lexical, build_lexical, open_lexical
from harness.retrieval.vectors import (
    NONE,
    build_index,
    extend_index,
    index_bytes,
    kind_for,
    nearest,
    open_index,
    save_index,
    unit,
)

Embed = Callable[[Sequence[str], Clock], np.ndarray]
"""Texts to vectors, [texts, width]."""
FUSED = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009, section 2)."""
DEPTH = 50
"""Passages of each ranking that are fused."""


class Search(Protocol):
    """Ranks passages, which are known by their place in the order they were added."""

    @property
    def kind(self) -> str:
        """What is searched."""

    @property
    def size(self) -> int:
        """Passages that it holds."""

    @property
    def bytes(self) -> int:
        """Size when written."""

    def rank(self, questions: Sequence[str], k: int, clock: Clock) -> np.ndarray:
        """Places of the `k` best passages, best first: [questions, k or all there are]. Where fewer
        are found, the last places are `NONE`."""

    def extend(self, texts: Sequence[str], clock: Clock) -> None:
        """Add passages behind those that are there."""

    def save(self, folder: Path) -> None:
        """Write what `open_search` reads."""


@dataclass
class Dense:
    """Nearest vectors."""

    index: faiss.Index
    embed: Embed
    """Passages."""
    ask: Embed
    """Questions."""

    @property
    def kind(self) -> str:
        return kind_for(self.index.ntotal)

    @property
    def size(self) -> int:
        return int(self.index.ntotal)

    @property
    def bytes(self) -> int:
        return index_bytes(self.index)

    def rank(self, questions: Sequence[str], k: int, clock: Clock) -> np.ndarray:
        vectors = unit(self.ask(questions, clock))
        with clock.phase("retrieve"):
            return nearest(self.index, vectors, k)[1]

    def extend(self, texts: Sequence[str], clock: Clock) -> None:
        vectors = unit(self.embed(texts, clock))
        with clock.phase("index"):
            extend_index(self.index, vectors)

    def save(self, folder: Path) -> None:
        save_index(self.index, folder)


@dataclass
class Hybrid:
    """Both rankings fused: a passage counts 1 / (60 + rank) in each."""

    dense: Dense
    lexical: Lexical

    @property
    def kind(self) -> str:
        return f"{self.dense.kind} + {self.lexical.kind}"

    @property
    def size(self) -> int:
        """Of passages that only one side holds nothing is said by the other."""
        return min(self.dense.size, self.lexical.size)

    @property
    def bytes(self) -> int:
        return self.dense.bytes + self.lexical.bytes

    def rank(self, questions: Sequence[str], k: int, clock: Clock) -> np.ndarray:
        depth = max(k, DEPTH)
        both = [side.rank(questions, depth, clock) for side in (self.dense, self.lexical)]
        most = min(k, self.dense.index.ntotal)
        with clock.phase("retrieve"):
            return np.stack([_filled(fuse(rankings)[:most], most)
                             for rankings in zip(*both, strict=True)])

    def extend(self, texts: Sequence[str], clock: Clock) -> None:
        self.dense.extend(texts, clock)
        self.lexical.extend(texts, clock)

    def save(self, folder: Path) -> None:
        self.dense.save(folder)
        self.lexical.save(folder)


def build_search(ranking: Ranking, texts: Sequence[str], embed: Embed, clock: Clock,
                 ask: Embed | None = None) -> Search:
    """Index passages. Time is counted under the phases `encode` and `index`.

    `ask` embeds questions, where that is another thing than embedding passages.
    """
    return _of(ranking, partial(_dense, texts, embed, ask or embed, clock),
               partial(build_lexical, texts, clock))


def open_search(ranking: Ranking, folder: Path, texts: Sequence[str], embed: Embed,
                ask: Embed | None = None) -> Search:
    """What `Search.save` wrote, memory-mapped: for ranking."""
    return _of(ranking, lambda: Dense(open_index(folder), embed, ask or embed),
               partial(open_lexical, folder, texts))


def fuse(rankings: Sequence[np.ndarray]) -> np.ndarray:
    """Places by reciprocal rank fusion, best first; of equals the one ranked higher by the first.
    What a ranking does not have, it adds nothing to.
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, place in enumerate(ranking[ranking != NONE].tolist(), 1):
            scores[place] = scores.get(place, 0.0) + 1 / (FUSED + rank)
    return np.array(sorted(scores, key=lambda place: -scores[place]), dtype=np.int64)


def _of(ranking: Ranking, dense: Callable[[], Dense], lexical: Callable[[], Lexical]) -> Search:
    if ranking == "dense":
        return dense()
    return lexical() if ranking == "bm25" else Hybrid(dense(), lexical())


def _filled(places: np.ndarray, k: int) -> np.ndarray:
    return np.concatenate([places, np.full(k - len(places), NONE)])


def _dense(texts: Sequence[str], embed: Embed, ask: Embed, clock: Clock) -> Dense:
    vectors = unit(embed(texts, clock))
    with clock.phase("index"):
        return Dense(build_index(vectors, kind_for(len(vectors))), embed, ask)
