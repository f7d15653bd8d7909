"""What transformers calls the keys and values that a model keeps of what it has read: `cache` from
version 5.24 on, `past_key_values` before."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from transformers.modeling_outputs import CausalLMOutputWithPast

CACHE = next(field.name for field in fields(CausalLMOutputWithPast)
             if field.name in ("cache", "past_key_values"))


def given(kept: Any) -> dict[str, Any]:
    """The argument by which a model is given them."""
    return {CACHE: kept}


def kept_of(read: Any) -> Any:
    """Those of an output."""
    return getattr(read, CACHE)


def kept_in_writing(written: Any) -> Any:
    """Those of what `generate` returns, which may have the older name yet."""
    return getattr(written, CACHE, None) or written.past_key_values
