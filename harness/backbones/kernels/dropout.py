"""Dropout on a CPU at a fraction of its usual cost.

torch draws a CPU dropout mask one Bernoulli variable at a time, which takes over a fifth of a
BERT training step. Here one 64-bit random integer decides four elements, from the same seeded
generator; the chance of dropping is p rounded to a multiple of 2**-16.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from harness.common.kernels import kernels_on

LEVELS = 1 << 16
BITS = {2: torch.int16, 4: torch.int32, 8: torch.int64}
"""Integers by their size in bytes."""


class _Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, p: float) -> torch.Tensor:
        mask = keep_mask(x.shape, p)
        ctx.scale = 1.0 / (1.0 - round(p * LEVELS) / LEVELS)
        ctx.save_for_backward(mask)
        return _kept(x, mask).mul_(ctx.scale)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        (mask,) = ctx.saved_tensors
        return _kept(gradients[0], mask).mul_(ctx.scale), None


def keep_mask(shape: torch.Size, p: float) -> torch.Tensor:
    """A tensor of int16 on the CPU, all bits set with probability 1 - p and else none, from torch's
    default generator."""
    count = shape.numel()
    words = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    lowest = torch.iinfo(torch.int16).min
    return words.view(torch.int16)[:count].lt_(lowest + round(p * LEVELS)).sub_(1).view(shape)


def _kept(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    # Bits of the same width are combined at a sixth of what bf16 times bool takes.
    bits = BITS[x.element_size()]
    return (x.view(bits) & mask.to(bits)).view(x.dtype)


class FastDropout(nn.Module):
    """`nn.Dropout` for CPU tensors."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Drop elements with probability p while training, scaling the rest by 1 / (1 - p)."""
        return dropped(x, self.p) if self.training and self.p > 0.0 else x


def dropped(x: torch.Tensor, p: float) -> torch.Tensor:
    """Drop elements of a CPU tensor with probability p, scaling the rest by 1 / (1 - p)."""
    result: torch.Tensor = _Drop.apply(x, p)
    return result


def speed_up_dropout(model: nn.Module) -> None:
    """Replace the dropout modules of a model that lies on the CPU."""
    if not kernels_on():
        return
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout):
                setattr(module, name, FastDropout(child.p).train(child.training))
