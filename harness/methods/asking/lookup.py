"""What a search finds for each item, and how it stands before the item in its prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.texts import Parts
from harness.common.clock import Clock
from harness.methods.asking.citing import without_citation
from harness.methods.fitted import Retriever
from harness.tasks.examples import Example, Item

Text = TypeVar("Text")
Study = Callable[[Sequence[Example], Clock], list[list[Text]]]
"""What is shown before each item that is learned from, the best first."""


@dataclass(frozen=True)
class Lookup(Generic[Text]):
    """A search, and the words that are made of what it finds."""

    retriever: Retriever
    k: int
    """Texts found for an item, at the most."""
    find: Callable[[Sequence[Item], Clock], list[list[Text]]]
    """What is found for each item, the best first."""
    write: Callable[[PromptWriter, list[Text]], Parts]
    """What of that stands before an item."""
    study: Study[Text] | None = None
    """None where a model learns without what is found."""
    cites: bool = False
    """Whether answers are to end with the number of a text that was found."""

    def before(self, writer: PromptWriter, items: Sequence[Item], clock: Clock) -> list[Parts]:
        """What stands before each item."""
        return self.written(writer, self.find(items, clock), clock)

    def written(self, writer: PromptWriter, shown: Sequence[list[Text]], clock: Clock
                ) -> list[Parts]:
        """What is shown for each item, in words."""
        with clock.phase("tokenize"):
            return [self.write(writer, texts) for texts in shown]


class LooksUp:
    """A model that is asked, with what a search finds before each item or without."""

    lookup: Lookup[Any] | None
    cited: dict[str, int | None]
    """By item id, the number that its last answer ended with; empty where none is asked for."""

    def without_citations(self, texts: np.ndarray, items: Sequence[Item]) -> np.ndarray:
        """Answers [items] of str without the numbers that they end with, which are noted."""
        if self.lookup is None or not self.lookup.cites:
            return texts
        read = [without_citation(text) for text in texts]
        self.cited |= {item.id: number for item, (_, number) in zip(items, read, strict=True)}
        return np.array([text for text, _ in read], dtype=object)

    @property
    def retriever(self) -> Retriever | None:
        """What finds texts for the items; None for a model that is asked without retrieval."""
        return self.lookup.retriever if self.lookup else None

    @property
    def k(self) -> int:
        """Texts found for an item, at the most."""
        return self.lookup.k if self.lookup else 0
