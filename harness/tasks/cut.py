"""Texts cut once, in words, before any method sees them.

A tokenizer's window is not the same text for every tokenizer, and no window at all for a method
that counts words. What methods read is the same only where it is cut before them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

from harness.common.words import first_words, split_words
from harness.tasks.examples import Example, Item
from harness.tasks.splits import Splits

Cut = TypeVar("Cut", bound=Item)


def cut_splits(splits: Splits, most: int | None) -> Splits:
    """Every item with its first `most` words; the same items where that is None.

    Ids, classes and groups stay: an item is the one that it was.
    """
    if most is None:
        return splits
    return Splits(*(cut_items(part, most)
                    for part in (splits.train, splits.validation, splits.test)))


def cut_items(items: Sequence[Cut], most: int) -> tuple[Cut, ...]:
    """The items with the first `most` words of each; see `cut_item`."""
    return tuple(cut_item(item, most) for item in items)


def cut_item(item: Cut, most: int) -> Cut:
    """The item with `most` words in all, the beginnings of its texts as they are written.

    Of two texts the longer gives first, as tokenizers cut pairs (`longest_first`): each keeps half
    of the words, and what the other leaves of its half.
    """
    if item.pair is None:
        return _shorter(item, first_words(item.text, most))
    own, other = len(split_words(item.text)), len(split_words(item.pair))
    kept = min(own, max(most - other, most - most // 2))
    return dataclasses.replace(item, text=first_words(item.text, kept),
                               pair=first_words(item.pair, most - kept))


def _shorter(item: Cut, text: str) -> Cut:
    """With the spans that lie in what is left of it."""
    if not isinstance(item, Example) or item.spans is None:
        return dataclasses.replace(item, text=text)
    left = tuple(span for span in item.spans if span.end <= len(text))
    return dataclasses.replace(item, text=text, spans=left,
                               classes=tuple(sorted({span.label for span in left})))


def words_of(item: Item) -> int:
    """Words of the item's texts."""
    return len(split_words(item.text)) + len(split_words(item.pair or ""))
