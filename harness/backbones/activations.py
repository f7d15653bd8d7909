"""What a pass keeps in memory for its gradients: how much at once, or computed again."""

from __future__ import annotations

import math
from typing import Any

from harness.backbones.blocks import transformer_blocks
from harness.backbones.encoding.pooled import PooledClassifier

KEPT = 60
"""Bytes for each token, block and number of a hidden state, in bf16: measured on Llama's blocks
under LoRA (`benchmarks/memory.py`)."""
ROOM = {"cpu": 0.75 * 2.0**30, "cuda": math.inf}
"""Bytes that a pass may keep. A CPU gains little from longer ones than that; a GPU does."""
LEAST = 256
"""Tokens of a pass that a CPU multiplies about as fast as more of them."""


def pass_room(model: Any, device: str) -> float:
    """Tokens of a pass that learns; as many as there are where the model does not say its size."""
    config = getattr(model, "config", None)
    width = getattr(config.get_text_config(), "hidden_size", 0) if config is not None else 0
    if not width or math.isinf(ROOM[device]):
        return math.inf
    return max(LEAST, ROOM[device] / (KEPT * width * len(transformer_blocks(model))))


def computes_again(model: Any) -> bool:
    """Whether the blocks' states are computed a second time for their gradients (Chen et al. 2016,
    Training Deep Nets with Sublinear Memory Cost)."""
    return bool(getattr(_inside(model), "is_activation_checkpointing", False))


def compute_again(model: Any) -> bool:
    """Have them so from now on: whether that is another thing than before."""
    inside = _inside(model)
    if computes_again(inside) or not getattr(inside, "supports_gradient_checkpointing", False):
        return False
    inside.activation_checkpointing_enable({"use_reentrant": False})
    return True


def _inside(model: Any) -> Any:
    """The model of transformers that an adapter, or a head of ours, is around."""
    base = getattr(model, "get_base_model", lambda: model)()
    return base.reader if isinstance(base, PooledClassifier) else base
