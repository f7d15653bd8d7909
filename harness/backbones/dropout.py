"""Dropout on a CPU at a fraction of its usual cost.

torch draws a CPU dropout mask one Bernoulli variable at a time, which takes over a fifth of a
BERT training step. Here one 64-bit random integer decides four elements, from the same seeded
generator; the chance of dropping is p rounded to a multiple of 2**-16.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import eager_mask

LEVELS = 1 << 16
ATTENTION = "fast_dropout"


class _Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, p: float) -> torch.Tensor:
        mask = keep_mask(x.shape, p)
        ctx.scale = 1.0 / (1.0 - round(p * LEVELS) / LEVELS)
        ctx.save_for_backward(mask)
        return (x * mask).mul_(ctx.scale)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        (mask,) = ctx.saved_tensors
        return (gradients[0] * mask).mul_(ctx.scale), None


def keep_mask(shape: torch.Size, p: float) -> torch.Tensor:
    """A bool tensor on the CPU, True with probability 1 - p, from torch's default generator."""
    count = shape.numel()
    words = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    lowest = torch.iinfo(torch.int16).min
    return (words.view(torch.int16)[:count] >= lowest + round(p * LEVELS)).view(shape)


class FastDropout(nn.Module):
    """`nn.Dropout` for CPU tensors."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Drop elements with probability p while training, scaling the rest by 1 / (1 - p)."""
        if not self.training or self.p == 0.0:
            return x
        dropped: torch.Tensor = _Drop.apply(x, self.p)
        return dropped


def attend(module: nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor,
           attention_mask: torch.Tensor | None, dropout: float = 0.0,
           scaling: float | None = None, **rest: Any) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Scaled dot-product attention; explicit where its weights are to be dropped.

    `query`, `key` and `value` are [batch, heads, length, width].
    """
    if dropout == 0.0 or key.shape[1] != query.shape[1]:
        output, weights = sdpa_attention_forward(module, query, key, value, attention_mask,
                                                 dropout=dropout, scaling=scaling, **rest)
        return output, weights
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = torch.matmul(query, key.transpose(2, 3)) * scale
    if attention_mask is not None:
        scores = scores + attention_mask[..., : key.shape[2]]
    weights = _Drop.apply(scores.softmax(dim=-1), dropout)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), None


def speed_up_dropout(model: nn.Module) -> None:
    """Replace the dropout of a model that lies on the CPU, in its modules and its attention."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout):
                setattr(module, name, FastDropout(child.p).train(child.training))
    AttentionInterface.register(ATTENTION, attend)
    AttentionMaskInterface.register(ATTENTION, eager_mask)
    if getattr(model.config, "_attn_implementation", None) == "sdpa":
        model.set_attn_implementation(ATTENTION)
