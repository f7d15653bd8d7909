"""Texts cut once, in words, before any method sees them.

A tokenizer's window is not the same text for every tokenizer, and no window at all for a method
that counts words. What methods read is the same only where it is cut before them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeVar

from harness.common.kinds import Ends
from harness.common.words import first_words, last_words, split_words
from harness.suite import Words
from harness.tasks.examples import Example, Item
from harness.tasks.splits import Splits

Cut = TypeVar("Cut", bound=Item)


GAP = " … "
"""Between the beginning and the end of a text that is read from both ends."""


def cut_splits(splits: Splits, words: Words | None) -> Splits:
    """Every item with the words that are read of it; the same items where that is None.

    Ids, classes and groups stay: an item is the one that it was.
    """
    if words is None:
        return splits
    return Splits(cut_items(splits.train, words), cut_items(splits.validation, words),
                  cut_items(splits.test, words),
                  calibration=cut_items(splits.calibration, words))


def cut_items(items: Sequence[Cut], words: Words) -> tuple[Cut, ...]:
    """The items with the words that are read of each; see `cut_item`."""
    return tuple(cut_item(item, words) for item in items)


def cut_item(item: Cut, words: Words) -> Cut:
    """The item with so many words in all, parts of its texts as they are written.

    Of two texts the longer gives first, as tokenizers cut pairs (`longest_first`): each keeps half
    of the words, and what the other leaves of its half.
    """
    most, read = words.most, READ[words.ends]
    if item.pair is None:
        return _shorter(item, read(item.text, most))
    own, other = len(split_words(item.text)), len(split_words(item.pair))
    kept = min(own, max(most - other, most - most // 2))
    return dataclasses.replace(item, text=read(item.text, kept), pair=read(item.pair, most - kept))


def both_ends(text: str, most: int) -> str:
    """`most` words, of which one stands for what is left out: the first quarter and the last ones;
    the text itself where it has no more, and its first words where so few would have no ends."""
    head = most // 4
    if not head or len(split_words(text)) <= most:
        return first_words(text, most)
    return first_words(text, head) + GAP + last_words(text, most - head - 1)


READ: dict[Ends, Callable[[str, int], str]] = {"head": first_words, "head+tail": both_ends}


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
