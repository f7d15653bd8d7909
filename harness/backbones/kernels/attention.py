"""Attention on a CPU as plain matrix products where gradients are wanted.

torch's CPU kernel for scaled dot-product attention has a slow backward in bf16: at 128 tokens it
takes four times as long as the products themselves (`benchmarks/attention.py`). Without gradients
the kernel is kept: it is as quick there, and sums in fp32.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import eager_mask

from harness.backbones.kernels.dropout import dropped
from harness.common.kernels import kernels_on

NAME = "cpu_products"
LONGEST = 512
"""Queries or keys above which all scores at once would take too much memory."""
LEAST = torch.finfo(torch.bfloat16).min
"""fp32's least number is -inf in bf16, and a row of nothing else, padding that sees padding alone,
would be NaN."""


def attend(module: nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor,
           attention_mask: torch.Tensor | None, dropout: float = 0.0,
           scaling: float | None = None, **rest: Any) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Scaled dot-product attention, [rows, length, heads, width].

    `query` is [rows, heads, length, width], `key` and `value` [rows, groups, keys, width] where
    `heads / groups` heads share one group; the mask is added to the scores.
    """
    learns = torch.is_grad_enabled() and any(t.requires_grad for t in (query, key, value))
    long = max(query.shape[2], key.shape[2]) > LONGEST
    unmasked = attention_mask is None and getattr(module, "is_causal", False)
    biased = rest.get("position_bias") is not None  # T5's, which these products do not add
    if unmasked or biased or (dropout == 0.0 and (long or not learns)):
        output, weights = sdpa_attention_forward(module, query, key, value, attention_mask,
                                                 dropout=dropout, scaling=scaling, **rest)
        return output, weights
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    mask = (query.new_zeros(()) if attention_mask is None else
            attention_mask[..., : key.shape[2]].clamp(min=LEAST))
    return _products(query * scale, key, value, mask, dropout), None


def _products(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor,
              dropout: float) -> torch.Tensor:
    rows, heads, length, width = query.shape
    groups = key.shape[1]
    stacked = (rows * groups, heads // groups * length)
    keys, values = (t.reshape(rows * groups, -1, width) for t in (key, value))
    added = mask.to(query.dtype).expand(rows, heads, length, keys.shape[1]).reshape(*stacked, -1)
    weights = torch.baddbmm(added, query.reshape(*stacked, width), keys.transpose(1, 2)
                            ).softmax(dim=-1)
    if dropout > 0.0:
        weights = dropped(weights, dropout)
    return torch.bmm(weights, values).view(rows, heads, length, width).transpose(1, 2).contiguous()


def speed_up_attention(model: Any) -> None:
    """Let a model that lies on the CPU attend so, where it would ask torch's kernel."""
    if not kernels_on():
        return
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, eager_mask)
    if getattr(model.config, "_attn_implementation", None) == "sdpa":
        model.set_attn_implementation(NAME)
