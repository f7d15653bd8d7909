"""A model of pictures as it is shipped: what transformers alone makes of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from harness.backbones.graphs.session import PIXELS
from harness.backbones.vision.stated import Pixels
from harness.common.clock import Clock
from harness.inputs.picture_time import part
from harness.methods.learning.encoder import BATCH
from harness.methods.link import Link
from harness.methods.shipped import Forward
from harness.tasks.examples import Item, picture_of


@dataclass
class ShippedPictures:
    """Answers of a head, one for each picture, through the link."""

    forward: Forward
    pixels: Pixels
    link: Link
    together: int = BATCH
    """Pictures of a batch. One where a batch's other pictures would change an answer."""

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        """Class probabilities, or numbers, [items, outputs] fp64."""
        with clock.phase("predict"):
            return np.concatenate([self._answers(items[start: start + self.together])
                                   for start in range(0, len(items), self.together)])

    def _answers(self, items: Sequence[Item]) -> np.ndarray:
        pictures = [picture_of(item).pixels() for item in items]
        with part("resize"):
            given = self.pixels(pictures)
        logits = torch.from_numpy(self.forward({PIXELS: given}))
        return self.link.probabilities(logits.double().numpy())
