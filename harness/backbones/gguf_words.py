"""How a GGUF file says that words are cut before they are pieces, as llama.cpp names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BYTES = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
DIGITS = {"type": "Digits", "individual_digits": True}
CUT: Mapping[str, list[dict[str, Any]]] = {"gpt-2": [BYTES], "smollm": [DIGITS, BYTES]}
"""Steps of tokenizers' pre-tokenizer by llama.cpp's name, of those that are written here."""
DIGIT_BY_DIGIT = frozenset(
    {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"})
"""Names that cut every digit off, then as GPT-2 does (llama.cpp, `src/llama-vocab.cpp`).
transformers 5.23 does not know them, and cuts as GPT-2 alone: where two spaces stand before a
number, tokens are then others than the model learned."""


def cut_as_named(told: dict[str, Any], name: str | None) -> None:
    """Have what a byte-level `tokenizer.json` holds cut words as a GGUF file names it, where
    transformers does not know the name."""
    if name in DIGIT_BY_DIGIT:
        told["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
            DIGITS, {**BYTES, "trim_offsets": True}]}
