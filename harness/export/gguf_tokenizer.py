"""A tokenizer as a GGUF file holds it: pairs of bytes (byte-level BPE) alone."""

from __future__ import annotations

import json
from typing import Any

from harness.backbones.gguf_words import CUT
from harness.common.errors import HarnessError
from harness.export.whole import Whole

NORMAL, UNKNOWN, CONTROL, USER, UNUSED = 1, 2, 3, 4, 5
"""Types of tokens, as llama.cpp numbers them."""
ELSEWHERE = "Write it as merged or bf16, and convert that with llama.cpp's convert_hf_to_gguf.py."


def write_tokenizer(writer: Any, whole: Whole, vocabulary: int) -> None:
    """Tokens, merges, special tokens and the chat template. Raises HarnessError for a tokenizer of
    another kind, or that cuts words in a way which has no name here."""
    tokenizer = whole.loaded.tokenizer
    told = json.loads(tokenizer.backend_tokenizer.to_str())
    model = told["model"]
    if model["type"] != "BPE" or model.get("byte_fallback") or told["normalizer"]:
        raise HarnessError(f"{whole.label}: its tokenizer is no byte-level BPE, the kind that is "
                           "written as GGUF here", ELSEWHERE)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_cut(whole.label, told["pre_tokenizer"]))
    special = {one["id"]: one["special"] for one in told["added_tokens"]}
    names = {place: token for token, place in tokenizer.get_vocab().items()}
    if max(names) >= vocabulary:
        raise HarnessError(f"{whole.label}: its tokenizer has {max(names) + 1:,} tokens, its model "
                           f"{vocabulary:,}", ELSEWHERE)
    types = [UNUSED if place not in names else NORMAL if place not in special else
             CONTROL if special[place] else USER for place in range(vocabulary)]
    writer.add_token_list([names.get(place, f"[PAD{place}]") for place in range(vocabulary)])
    writer.add_token_types(types)
    writer.add_token_merges([one if isinstance(one, str) else " ".join(one)
                             for one in model["merges"]])
    _special(writer, tokenizer)


def _special(writer: Any, tokenizer: Any) -> None:
    for add, place in ((writer.add_bos_token_id, tokenizer.bos_token_id),
                       (writer.add_eos_token_id, tokenizer.eos_token_id),
                       (writer.add_unk_token_id, tokenizer.unk_token_id),
                       (writer.add_pad_token_id, tokenizer.pad_token_id)):
        if place is not None:
            add(place)
    plain, whole = (tokenizer("a", add_special_tokens=flag)["input_ids"]
                    for flag in (False, True))
    writer.add_add_bos_token(whole[:1] != plain[:1])
    writer.add_add_eos_token(whole[-1:] != plain[-1:])
    writer.add_add_space_prefix(False)
    if isinstance(tokenizer.chat_template, str):
        writer.add_chat_template(tokenizer.chat_template)


def _cut(label: str, found: dict[str, Any] | None) -> str:
    steps = found["pretokenizers"] if found and found["type"] == "Sequence" else [found or {}]
    for name, wanted in CUT.items():
        if len(steps) == len(wanted) and all(
                want.items() <= step.items() for want, step in zip(wanted, steps, strict=True)):
            return name
    raise HarnessError(f"{label}: its tokenizer cuts words in a way that has no name in a GGUF "
                       "file here", ELSEWHERE)
