"""A model of pictures as it is shipped: what transformers alone makes of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from harness.common.clock import Clock
from harness.methods.learning.encoder import BATCH
from harness.methods.link import Link
from harness.methods.shipped import Forward
from harness.tasks.examples import Item, picture_of


@dataclass
class ShippedPictures:
    """Answers of a head, one for each picture, through the link."""

    forward: Forward
    processor: Any
    """An image processor of transformers."""
    link: Link

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        """Class probabilities, or numbers, [items, outputs] fp64."""
        with clock.phase("predict"):
            return np.concatenate([self._answers(items[start: start + BATCH])
                                   for start in range(0, len(items), BATCH)])

    def _answers(self, items: Sequence[Item]) -> np.ndarray:
        given = self.processor([picture_of(item).pixels() for item in items],
                               input_data_format="channels_last", return_tensors="np")
        logits = torch.from_numpy(self.forward({"pixel_values": given["pixel_values"]}))
        return self.link.probabilities(logits.double().numpy())
