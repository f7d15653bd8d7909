"""Attention masks for prompts with a tree of options behind them, by type of attention layer."""

from __future__ import annotations

from typing import Any

import torch

from harness.common.errors import CannotRunError

FULL, SLIDING = "full_attention", "sliding_attention"


def attention_masks(config: Any, sees: torch.Tensor, asking: torch.Tensor, asked: torch.Tensor,
                    dtype: torch.dtype) -> torch.Tensor | dict[str, torch.Tensor]:
    """What is added to attention scores, [rows, 1, queries, keys]: 0 where a query may look at a
    key, the least number where not. One for each type of layer where a model has several.

    `sees` is [rows, queries, keys] bool; `asking` [rows, queries] and `asked` [rows, keys] are
    positions. A layer with a sliding window of w sees positions nearer than w, as transformers
    has it. Raises CannotRunError for layers of another type.
    """
    types = set(getattr(config, "layer_types", None) or ())
    strange = types - {FULL, SLIDING}
    if strange:
        raise CannotRunError(f"answers cannot be scored through layers of type {min(strange)}")
    window = getattr(config, "sliding_window", None)
    # Without a list of types, a model that has a window has it in every layer (Mistral).
    if window is None or (types and SLIDING not in types):
        return _added(sees, dtype)
    near = sees & (asking[:, :, None] - asked[:, None, :] < window)
    if not types:
        return _added(near, dtype)
    return {FULL: _added(sees, dtype), SLIDING: _added(near, dtype)}


def _added(sees: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    mask = torch.zeros(sees.shape, dtype=dtype, device=sees.device)
    return mask.masked_fill_(~sees, torch.finfo(dtype).min)[:, None]
