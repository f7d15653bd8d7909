"""Numbers that a head learns, with a mean of 0 and a deviation of 1 whatever their unit is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from harness.common.errors import CannotRunError


@dataclass(frozen=True)
class Scale:
    """Where numbers lie."""

    mean: float = 0.0
    deviation: float = 1.0

    def standard(self, targets: np.ndarray) -> np.ndarray:
        """Targets as they are learned; classes stay as they are."""
        return targets if self is PLAIN else (targets - self.mean) / self.deviation

    def of(self, outputs: np.ndarray) -> np.ndarray:
        """What outputs say in the targets' unit."""
        return outputs if self is PLAIN else outputs * self.deviation + self.mean

    def fold_into(self, layer: nn.Linear) -> None:
        """Change a layer that gives standard numbers into one that gives them in their unit."""
        with torch.no_grad():
            layer.weight.mul_(self.deviation)
            layer.bias.mul_(self.deviation).add_(self.mean)


PLAIN = Scale()
"""Of what is no number."""


def scale_of(targets: np.ndarray) -> Scale:
    """Of training targets [items, 1]; `PLAIN` for classes [items, classes] bool."""
    if targets.dtype == bool:
        return PLAIN
    return Scale(float(targets.mean()), float(targets.std()) or 1.0)


def output_layer(model: nn.Module) -> nn.Linear:
    """The layer of a head that gives one number. Raises CannotRunError where there is none that
    learns and has a bias."""
    found = [module for module in model.modules()
             if isinstance(module, nn.Linear) and module.out_features == 1
             and module.bias is not None and module.weight.requires_grad]
    if not found:
        raise CannotRunError("its head does not end in a linear layer with one output and a bias: "
                             "set `pooling: mean` (or cls, last)")
    return found[-1]
