"""What of a model in memory decides how it is asked."""

from __future__ import annotations

from typing import Any


def is_seq2seq(model: Any) -> bool:
    """Whether an encoder reads the prompt and a decoder answers it."""
    return bool(getattr(model.config, "is_encoder_decoder", False))


def virtual_tokens(model: Any) -> int:
    """How many tokens an adapter puts before every sequence."""
    return int(getattr(prompt_learner(model), "num_virtual_tokens", 0))


def prompt_learner(model: Any) -> Any:
    """The configuration of a prompt-learning adapter that is active on the model, else None."""
    config = getattr(model, "active_peft_config", None)
    return config if getattr(config, "is_prompt_learning", False) else None
