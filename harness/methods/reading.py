"""A model that reads the words that its run read, whatever it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.common.clock import Clock
from harness.methods.fitted import Answering, Declared, declared
from harness.suite import Words
from harness.tasks.cut import cut_items
from harness.tasks.examples import Item


@dataclass(frozen=True)
class Reading:
    """A model, and which words of an item it reads."""

    model: Answering
    words: Words

    @property
    def declares(self) -> Declared:
        """What the model is."""
        return declared(self.model)

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        """What the model says of the words that are read of the items: see `Answering`."""
        return self.model.predict(cut_items(items, self.words), clock)


def reading(model: Answering, words: Words | None) -> Answering:
    """The model, which reads these words of an item; the whole of it where that is None."""
    return model if words is None else Reading(model, words)
