"""A stranger's tokenizer and chat template, tried before they are used."""

from __future__ import annotations

import string
from contextlib import suppress
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedTokenizerBase

from harness.backbones.prompting.templates import chat_frame
from harness.backbones.quiet import quietly
from harness.common.errors import CannotRunError, HarnessError

FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.txt")
TEXTS = ("", string.printable, "a" * 1_000, " " * 1_000, "\u00e9\u6f22\U0001f642" * 100)
MOST_TOKENS, SPARE = 16, 100
"""Tokens a character: an emoji that is spelt in bytes has four."""
LEAST = 2
"""Tokens that are not special of one that reads texts: T5's sign of a space is always there."""


def check_tokenizer(folder: Path) -> None:
    """Load a folder's tokenizer, read some texts with it and render its chat template once.

    Raises HarnessError where it cannot be loaded, makes very many tokens of few characters, or
    has a template that does harm. A template that merely fails is left to those who use it.
    """
    if not has_tokenizer(folder):
        return
    tokenizer = _read(folder, str(folder))
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


def _read(folder: Path, about: str) -> PreTrainedTokenizerBase:
    try:
        with quietly():
            found: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
                folder, trust_remote_code=False)
    except Exception as error:  # whatever a stranger's values make a library raise
        words = " ".join(str(error).split())[:200]
        raise HarnessError(f"{about}: its tokenizer cannot be read: {words}",
                           "Save the tokenizer again.") from None
    return found


def has_tokenizer(folder: Path) -> bool:
    """Whether a tokenizer lies in a folder."""
    return any((folder / name).exists() for name in FILES)


def check_vocabulary_fits(folder: Path) -> None:
    """Raise HarnessError where a folder's tokenizer has more tokens than its model's embedding has
    rows: a text with one of them could not be read."""
    if not has_tokenizer(folder):
        return
    with quietly():
        tokens = tokens_of(AutoTokenizer.from_pretrained(folder, trust_remote_code=False))
    _, rows = embedding_of(folder)
    if rows is not None and tokens > rows:
        raise HarnessError(
            f"{folder}: its tokenizer has {tokens:,} tokens, the model's embedding {rows:,} rows",
            "Save the model again after `resize_token_embeddings(len(tokenizer))`, or name the "
            "tokenizer that it was trained with.")


def check_words(folder: Path, about: str) -> None:
    """Raise HarnessError where texts would be read by a tokenizer that has no word of its own.

    Where no tokenizer lies in a folder, transformers (5.23) makes one of special tokens alone and
    says nothing: every text is then the same to the model.
    """
    tokenizer = _read(folder, about)
    known = tokenizer.get_vocab()
    if len(set(known) - set(tokenizer.all_special_tokens)) < LEAST:
        raise HarnessError(f"{about}: its tokenizer has {len(known)} tokens, and no word is "
                           "among them",
                           "Save the tokenizer that the model was trained with into its folder.")


def tokens_of(tokenizer: PreTrainedTokenizerBase) -> int:
    """One more than the greatest number that a tokenizer can give."""
    return max(tokenizer.get_vocab().values(), default=-1) + 1


def embedding_of(folder: Path) -> tuple[str, int | None]:
    """Name and rows of the table in which a folder's model looks tokens up, as its configuration
    has it; no rows where it has no such table."""
    with quietly(), torch.device("meta"):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        model = AutoModel.from_config(config, trust_remote_code=False)
    try:
        table = model.get_input_embeddings()
    except (NotImplementedError, AttributeError):
        return "", None
    if not isinstance(table, torch.nn.Embedding):
        return "", None
    return (next(name for name, module in model.named_modules() if module is table),
            table.num_embeddings)
