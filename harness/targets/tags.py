"""Spans as tags on the pieces of a text: B where a span of a class begins, I inside it, O outside
(Ramshaw and Marcus 1995, Text Chunking using Transformation-Based Learning; IOB2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.common.words import pieces
from harness.targets.spans import Span, Spans

OUTSIDE = 0


def tag_names(labels: Sequence[str]) -> tuple[str, ...]:
    """What tags are called, by number."""
    return ("O", *(f"{place}-{label}" for label in labels for place in "BI"))


def begins(label: int) -> int:
    """The tag with which a span of the class begins; the next one is that inside it."""
    return 1 + 2 * label


def may_follow(before: int, tag: int) -> bool:
    """Whether a tag may stand behind another: that of the inside only behind its own class."""
    outside_or_begins = tag == OUTSIDE or tag % 2 == 1
    return outside_or_begins or before in (tag, tag - 1)


def tags_of(text: str, spans: Spans) -> np.ndarray:
    """The tag of each piece of a text, [pieces]: a piece is in a span that has a part of it."""
    places = pieces(text)
    tags = np.full(len(places), OUTSIDE)
    for start, end, label in spans:
        own = [i for i, (first, last) in enumerate(places) if first < end and last > start]
        tags[own] = begins(label) + 1
        tags[own[:1]] = begins(label)
    return tags


def spans_at(text: str, tags: Sequence[int]) -> Spans:
    """The spans that the tags of a text's pieces make. A tag of the inside begins one where none of
    its class lies before it, as conlleval has it."""
    places = pieces(text)
    spans: list[Span] = []
    before = OUTSIDE
    for (start, end), tag in zip(places, map(int, tags), strict=True):
        if tag != OUTSIDE:
            label, inside = divmod(tag - 1, 2)
            if inside and may_follow(before, tag):
                spans[-1] = spans[-1]._replace(end=end)
            else:
                spans.append(Span(start, end, label))
        before = tag
    return tuple(spans)


def spans_of_read(text: str, read: np.ndarray, tags: Sequence[int] | np.ndarray) -> Spans:
    """The same where some pieces alone are read, by number, and have these tags: the others are
    outside of any span."""
    every = np.full(len(pieces(text)), OUTSIDE)
    every[read] = tags
    return spans_at(text, every.tolist())


def can_be_tagged(text: str, spans: Spans) -> bool:
    """Whether the spans begin and end where pieces do: otherwise no tags can say them."""
    return spans_at(text, tags_of(text, spans).tolist()) == spans
