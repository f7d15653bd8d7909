"""What a search finds for each item, and how it stands before the item in its prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.texts import Parts
from harness.common.clock import Clock
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

    @property
    def retriever(self) -> Retriever | None:
        """What finds texts for the items; None for a model that is asked without retrieval."""
        return self.lookup.retriever if self.lookup else None

    @property
    def k(self) -> int:
        """Texts found for an item, at the most."""
        return self.lookup.k if self.lookup else 0
