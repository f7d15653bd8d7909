"""A model that reads the words that its run read, whatever it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.common.clock import Clock
from harness.methods.method import Answering
from harness.tasks.cut import cut_items
from harness.tasks.examples import Item


@dataclass(frozen=True)
class Reading:
    """A model, and how many words of an item it reads."""

    model: Answering
    max_words: int

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        """What the model says of the items' first words: see `Answering`."""
        return self.model.predict(cut_items(items, self.max_words), clock)


def reading(model: Answering, max_words: int | None) -> Answering:
    """The model, which reads so many words of an item; the whole of it where that is None."""
    return model if max_words is None else Reading(model, max_words)
