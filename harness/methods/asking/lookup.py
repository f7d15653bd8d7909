"""What a search finds for each item, and how it stands before the item in its prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.texts import Parts
from harness.common.clock import Clock
from harness.methods.method import Retriever
from harness.tasks.examples import Item


@dataclass(frozen=True)
class Lookup:
    """A search, and the words that are made of what it finds."""

    retriever: Retriever
    k: int
    """Texts found for an item, at the most."""
    before: Callable[[PromptWriter, Sequence[Item], Clock], list[Parts]]
    """What stands before each item."""
