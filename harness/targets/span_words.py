"""Spans as a model writes them: `class: the words | class: the words`, or `none`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.common.text import folded
from harness.targets.spans import NOTHING, Span, Spans

BETWEEN, NONE = " | ", "none"


def written(spans: Spans, text: str, names: Sequence[str]) -> str:
    """The spans of a text in words, in their order, on one line; `names` are those of classes."""
    return BETWEEN.join(f"{names[label]}: {' '.join(text[start:end].split())}"
                        for start, end, label in spans) or NONE


def read_written(answer: str, text: str, names: Sequence[str]) -> Spans | None:
    """The spans that an answer names and the text has, rising; None where the answer is neither
    `none` nor names one of a known class.

    Words are looked for behind the span before, then in the whole text, in the same letters or in
    other case, and are no part of another span. Those that the text does not have are left out.
    """
    by_name = {folded(name): number for number, name in enumerate(names)}
    named = [(by_name.get(folded(name)), words.strip()) for name, colon, words in (
        part.partition(":") for part in answer.split(BETWEEN.strip()))]
    known = [(label, words) for label, words in named if label is not None and words]
    if not known:
        return NOTHING if folded(answer).rstrip(".") == NONE else None
    found: list[Span] = []
    behind = 0
    for label, words in known:
        place = _place(words, text, behind, found)
        if place is not None:
            found.append(Span(*place, label))
            behind = place[1]
    return tuple(sorted(found))


def _place(words: str, text: str, behind: int, taken: Sequence[Span]) -> tuple[int, int] | None:
    pattern = r"\s+".join(map(re.escape, words.split()))
    for flags in (0, re.IGNORECASE):
        free = [match.span() for match in re.finditer(pattern, text, flags)
                if not any(start < match.end() and end > match.start() for start, end, _ in taken)]
        if free:
            return next((place for place in free if place[0] >= behind), free[0])
    return None
