"""Learning rates by layer: what lies deeper has learned more general things, and changes less.

Howard and Ruder 2018, Universal Language Model Fine-tuning for Text Classification, section 3.2
(discriminative fine-tuning), in the form of Sun et al. 2019, How to Fine-Tune BERT for Text
Classification?, section 5.3.2: each block has the rate of the block above it times a factor. They
find .95 best for BERT.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from torch import nn

from harness.backbones.blocks import transformer_blocks

WARMUP = 0.1


@dataclass(frozen=True)
class Rates:
    """How learning rates differ between layers and over a training."""

    layer_decay: float = 1.0
    """A block's rate as a share of the rate of the one above it."""
    warmup: float = WARMUP
    """Share of the steps in which the rate rises."""


EVEN = Rates()


def rate_groups(model: nn.Module, rate: float, decay: float) -> list[dict[str, Any]]:
    """The parameters that learn, in groups for an optimiser, the highest first. The top block and
    what comes after it have `rate`, each block below `decay` times that of the one above; what
    comes before the first is a block more. Where `decay` is one, they are one group."""
    learning = [p for p in model.parameters() if p.requires_grad]
    if decay == 1.0:
        return [{"params": learning, "lr": rate}]
    blocks = transformer_blocks(model)
    owner = {id(p): number for number, block in enumerate(blocks) for p in block.parameters()}
    groups: dict[int, list[nn.Parameter]] = defaultdict(list)
    reached = -1  # parameters come in the order of the data
    for parameter in model.parameters():
        reached = max(reached, owner.get(id(parameter), -1))
        if parameter.requires_grad:
            groups[owner.get(id(parameter), reached)].append(parameter)
    top = len(blocks) - 1
    return [{"params": groups[number], "lr": rate * decay ** (top - number)}
            for number in sorted(groups, reverse=True)]
