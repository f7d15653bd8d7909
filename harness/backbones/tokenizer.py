"""A stranger's tokenizer and chat template, tried before they are used."""

from __future__ import annotations

import string
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer

from harness.backbones.prompts import chat_frame
from harness.backbones.quiet import quietly
from harness.common.errors import CannotRunError, HarnessError

FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.txt")
TEXTS = ("", string.printable, "a" * 1_000, " " * 1_000, "\u00e9\u6f22\U0001f642" * 100)
MOST_TOKENS, SPARE = 16, 100
"""Tokens a character: an emoji that is spelt in bytes has four."""


def check_tokenizer(folder: Path) -> None:
    """Load a folder's tokenizer, read some texts with it and render its chat template once.

    Raises HarnessError where it cannot be loaded, makes very many tokens of few characters, or
    has a template that does harm. A template that merely fails is left to those who use it.
    """
    if not any((folder / name).exists() for name in FILES):
        return
    try:
        with quietly():
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # whatever a stranger's values make a library raise
        words = " ".join(str(error).split())[:200]
        raise HarnessError(f"{folder}: its tokenizer cannot be read: {words}",
                           "Save the tokenizer again.") from None
    for text in TEXTS:
        made = len(tokenizer(text, verbose=False)["input_ids"])
        if made > MOST_TOKENS * len(text) + SPARE:
            raise HarnessError(f"{folder}: its tokenizer makes {made:,} tokens of {len(text):,} "
                               "characters", "Do not use this model.")
    try:
        with suppress(CannotRunError):
            chat_frame(tokenizer)
    except HarnessError as error:
        raise HarnessError(f"{folder}: {error.found}", error.fix) from None


def check_vocabulary_fits(folder: Path) -> None:
    """Raise HarnessError where a folder's tokenizer has more tokens than its model's embedding has
    rows: a text with one of them could not be read."""
    if not any((folder / name).exists() for name in FILES):
        return
    with quietly():
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        with torch.device("meta"):
            rows = embedding_rows(AutoModel.from_config(config, trust_remote_code=False))
    tokens = max(tokenizer.get_vocab().values(), default=-1) + 1
    if rows is not None and tokens > rows:
        raise HarnessError(
            f"{folder}: its tokenizer has {tokens:,} tokens, the model's embedding {rows:,} rows",
            "Save the model again after `resize_token_embeddings(len(tokenizer))`, or name the "
            "tokenizer that it was trained with.")


def embedding_rows(model: Any) -> int | None:
    """How many tokens a model can read; None where it does not look them up in one table."""
    try:
        table = model.get_input_embeddings()
    except (NotImplementedError, AttributeError):
        return None
    return table.num_embeddings if isinstance(table, torch.nn.Embedding) else None
