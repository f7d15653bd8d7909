"""Texts of the data as letters, whatever names of special tokens stand in them."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase


def as_letters(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[str]:
    """The texts, to be read with `split_special_tokens`. That is enough for most tokenizers; one of
    the Unigram kind has the names among its pieces, and finds them all the same: there a space
    parts a name's first sign from the rest.
    """
    changed = list(texts)
    for name in _pieces(tokenizer, [name for name in _names(tokenizer)
                                    if any(name in text for text in texts)]):
        changed = [text.replace(name, f"{name[0]} {name[1:]}") for text in changed]
    return changed


def _names(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Names of special tokens, the longest first. The unknown one means what it says."""
    names = {name for name in tokenizer.all_special_tokens if len(name) > 1}
    return sorted(names - {tokenizer.unk_token}, key=len, reverse=True)


def _pieces(tokenizer: PreTrainedTokenizerBase, names: list[str]) -> list[str]:
    """Those names that are read as special even where they are to be split."""
    if not names:
        return []
    read = tokenizer(names, add_special_tokens=False, split_special_tokens=True, verbose=False)
    return [name for name, ids in zip(names, read["input_ids"], strict=True)
            if tokenizer.convert_tokens_to_ids(name) in ids]
