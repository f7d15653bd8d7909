"""Vectors of words under a linear head: each word has a tag, and the likeliest sequence of tags
makes spans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods.chain import Chain, chain_of
from harness.methods.job import Job
from harness.methods.linear import LinearHead, fit_standardised
from harness.methods.link import LINKS
from harness.targets.spans import NOTHING, as_spans
from harness.targets.tags import spans_of_read, tags_of
from harness.tasks.examples import Example, Item

LINK = LINKS["spans"]
POOLED_ALONE = "`pooling` and `head` are of a text's one answer: here each word has its own"
"""Why options of what reads a text as one vector make no sense."""


@dataclass(frozen=True)
class Words:
    """Vectors of the words of some texts, one text's behind the other's."""

    vectors: np.ndarray
    """[words, width]."""
    read: Sequence[np.ndarray]
    """By text the numbers of the words that have a vector."""


Read = Callable[[Sequence[Item], Clock], Words]


@dataclass(frozen=True)
class WordTagger:
    """What reads the words of texts, a linear head over their tags, and how tags follow."""

    read: Read
    head: LinearHead
    chain: Chain
    frozen: int
    """Parameters of what reads."""

    @property
    def parameters(self) -> tuple[int, int]:
        own = self.head.size + self.chain.size
        return own, own + self.frozen

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        words = self.read(items, clock)
        with clock.phase("predict"):
            found = self.head.predict(words.vectors)
            ends = np.cumsum([len(own) for own in words.read])[:-1]
            return as_spans([
                spans_of_read(item.text, own, self.chain.best(probabilities))
                for item, own, probabilities in zip(items, words.read, np.split(found, ends),
                                                    strict=True)])

    def save(self, folder: Path) -> None:
        self.head.save(folder)
        self.chain.save(folder)


def fit_tags(words: Words, job: Job, c: float) -> tuple[LinearHead, Chain]:
    """Logistic regression of the training texts' tags, and how they follow each other.

    Raises CannotRunError where no word has a vector.
    """
    right = [_tags(e)[own] for e, own in zip(job.train, words.read, strict=True)]
    numbers = np.concatenate(right)
    if not len(numbers):
        raise CannotRunError("no word of the training texts is read")
    count = len(job.outputs)
    head = fit_standardised(words.vectors, np.eye(count, dtype=bool)[numbers], c, LINK)
    return head, chain_of(right, count)


def _tags(example: Example) -> np.ndarray:
    return tags_of(example.text, example.spans or NOTHING)
