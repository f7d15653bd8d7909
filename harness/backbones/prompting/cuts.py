"""Texts of the data cut to a number of tokens, as texts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from harness.backbones.prompting.texts import Quoted, spelled


def cut_texts(tokenizer: PreTrainedTokenizerBase, items: Sequence[Sequence[str]], limit: int
              ) -> list[list[str]]:
    """The texts of each item with at most `limit` tokens of their own, quoted; the longest of an
    item's is cut first, from its end."""
    texts = [text for item in items for text in item]
    read = iter(list(zip(texts, spelled(tokenizer, texts), strict=True)))
    cut: list[list[str]] = []
    for item in items:
        own = [next(read) for _ in item]
        fitted = fit_longest_first([len(ids) for _, ids in own], limit)
        cut.append([_beginning(tokenizer, text, ids, n)
                    for (text, ids), n in zip(own, fitted, strict=True)])
    return cut


def _beginning(tokenizer: PreTrainedTokenizerBase, text: str, ids: Sequence[int], count: int
               ) -> Quoted:
    """What the first `count` of a text's tokens stand for."""
    if count >= len(ids):
        return Quoted(text)
    if not count:
        return Quoted("")
    if not tokenizer.is_fast:
        return Quoted(tokenizer.decode(ids[:count]))
    places = tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False,
                       return_offsets_mapping=True)["offset_mapping"]
    return Quoted(text[:places[count - 1][1]])


def fit_longest_first(lengths: Sequence[int], limit: int) -> list[int]:
    """Shorten the longest first until the sum is at most `limit`."""
    if sum(lengths) <= limit:
        return list(lengths)
    levels = range(max(lengths) + 1)
    level = bisect_right(levels, limit, key=lambda n: sum(min(n, x) for x in lengths)) - 1
    spare = limit - sum(min(level, x) for x in lengths)
    fitted = []
    for length in lengths:
        extra = int(length > level and spare > 0)
        fitted.append(min(length, level) + extra)
        spare -= extra
    return fitted
