"""How many tokens a model knows positions for."""

from __future__ import annotations

from typing import Any

from transformers import AutoConfig, PreTrainedTokenizerBase

from harness.backbones.handle import Handle

POSITIONS = ("max_position_embeddings", "n_positions")
"""What configurations call them, learned or rotary."""


def positions_known(config: Any) -> list[int]:
    """The limits that a configuration names; none where positions have no end."""
    limits = [getattr(config, name, None) for name in POSITIONS]
    return [limit for limit in limits if isinstance(limit, int) and limit > 0]


def window_of(handle: Handle, tokenizer: PreTrainedTokenizerBase) -> int:
    """The longest sequence in tokens, before any weights are read. A configuration that cannot be
    read names no limit: the run says what is wrong with it."""
    try:
        known = positions_known(AutoConfig.from_pretrained(handle.path, trust_remote_code=False))
    except (OSError, ValueError, KeyError):
        known = []
    return min([*known, int(tokenizer.model_max_length)])
