"""Passages ranked by words (BM25)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.common.clock import Clock
from harness.common.imports import absent
from harness.common.words import letter_pairs, single_letters, terms
from harness.retrieval.vectors import NONE

# Where JAX is installed, bm25s begins with it at its own import: that takes most of a GPU's memory,
# for a search that is not used here.
with absent("jax"):
    import bm25s
    from bm25s.stopwords import STOPWORDS_EN

WORDS = "words"


@dataclass
class Lexical:
    """BM25 over words without English stop words, as Lucene has it (bm25s, Lù 2024). Of scripts
    without spaces, over letters and their pairs."""

    texts: list[str]
    index: bm25s.BM25

    kind = "bm25"

    @property
    def size(self) -> int:
        """Passages that have a weight."""
        return int(self.index.scores["num_docs"])

    @property
    def bytes(self) -> int:
        return int(sum(part.nbytes for part in self.index.scores.values()
                       if isinstance(part, np.ndarray)))

    def rank(self, questions: Sequence[str], k: int, clock: Clock) -> np.ndarray:
        """As `Search.rank`. A passage without a word of the question has no rank."""
        with clock.phase("retrieve"):
            return np.stack([self._rank(words, min(k, len(self.texts)))
                             for words in _words(questions)])

    def _rank(self, words: list[str], k: int) -> np.ndarray:
        known = [word for word in words if word in self.index.vocab_dict]
        scores = self.index.get_scores(known) if known else np.zeros(len(self.texts))
        # Of passages that tie, the first. Every word weighs more than 0.
        best = np.argsort(-scores, kind="stable")[:k]
        return np.where(scores[best] > 0, best, NONE)

    def extend(self, texts: Sequence[str], clock: Clock) -> None:
        # A word's weight depends on all passages: the index is made anew.
        with clock.phase("index"):
            self.texts = [*self.texts, *texts]
            self.index = _indexed(self.texts)

    def save(self, folder: Path) -> None:
        self.index.save(str(folder / WORDS), show_progress=False)


def build_lexical(texts: Sequence[str], clock: Clock) -> Lexical:
    """Index passages by their words."""
    with clock.phase("index"):
        return Lexical(list(texts), _indexed(texts))


def open_lexical(folder: Path, texts: Sequence[str]) -> Lexical:
    """What `Lexical.save` wrote, memory-mapped: for ranking."""
    return Lexical(list(texts), bm25s.BM25.load(str(folder / WORDS), mmap=True))


def _indexed(texts: Sequence[str]) -> bm25s.BM25:
    index = bm25s.BM25()
    words = _words(texts)
    # Passages without any word at all are no corpus to bm25s.
    index.index(words if any(words) else [[""] for _ in texts], show_progress=False)
    return index


def _words(texts: Sequence[str]) -> list[list[str]]:
    return [[term for term in (*terms(text), *letter_pairs(text), *single_letters(text))
             if term not in STOPWORDS_EN] for text in texts]
