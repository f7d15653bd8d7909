"""Batch normalisation while a model learns: by the statistics that it came with.

Statistics of a batch would hang on how it is cut into passes, and of a frozen layer they would
move although nothing of it learns. Kept, an item's answer and its gradient are its own; scale and
shift of a layer that learns do learn. It is what detectors do with small batches (Ren et al. 2015;
torchvision's FrozenBatchNorm2d).
"""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def normalised_by_batch(model: nn.Module) -> list[Any]:
    """The layers that would follow a batch's statistics."""
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


def keep_statistics(model: nn.Module) -> None:
    """Have such layers compute as when they answer, while the model learns, too."""
    for module in normalised_by_batch(model):
        module.eval()
        module.train = lambda mode=True, module=module: module
