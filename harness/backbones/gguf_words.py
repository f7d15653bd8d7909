"""How a GGUF file says that words are cut before they are pieces, as llama.cpp names it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
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


def cut_as_named(saved: Path, name: str | None) -> None:
    """Have a byte-level `tokenizer.json` cut words as a GGUF file names it, where transformers
    does not know the name."""
    if name not in DIGIT_BY_DIGIT:
        return
    told = json.loads(saved.read_text(encoding="utf-8"))
    told["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
        DIGITS, {**BYTES, "trim_offsets": True}]}
    saved.write_text(json.dumps(told, ensure_ascii=False, indent=2), encoding="utf-8")
