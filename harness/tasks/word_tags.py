"""Words and their tags, as CoNLL's files and data sets have them, as a text and its spans.

`B-x` begins a span of class x and `I-x` goes on with it; `I-x` behind another tag begins one, too
(IOB1). `E-x` and `L-x` end one, `S-x` and `U-x` are one by themselves (IOBES, BILOU).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from harness.common.errors import HarnessError
from harness.common.text import excerpt
from harness.tasks.span_cells import Cell

TAG = re.compile(r"(?:O|[BIELSU][-_](?P<label>.+))", re.DOTALL)
ALONE, GOES_ON = "BSU", "IEL"


def are_tags(values: Iterable[str]) -> bool:
    """Whether all of these are tags, and one of them begins a span."""
    listed = set(values)
    return all(map(TAG.fullmatch, listed)) and any(value != "O" for value in listed)


def text_and_spans(words: Sequence[str], tags: Sequence[str]) -> tuple[str, tuple[Cell, ...]]:
    """The words with single spaces between them, and where the spans are in that text.

    Raises HarnessError where there are not as many tags as words, and for a tag that is none.
    """
    if len(words) != len(tags):
        raise HarnessError(f"{len(words)} words have {len(tags)} tags: "
                           f"{excerpt(' '.join(words), 60)}", "Give each word a tag.")
    spans: list[Cell] = []
    place, before = 0, ""
    for word, tag in zip(words, tags, strict=True):
        found = TAG.fullmatch(tag)
        if found is None:
            raise HarnessError(f"'{excerpt(tag, 40)}' is no tag of a word",
                               "Tags are O, B-class and I-class (or E-, L-, S-, U-).")
        label = found["label"]
        end = place + len(word)
        if label is not None:
            if tag[0] in GOES_ON and before == label:
                spans[-1] = (spans[-1][0], end, label)
            else:
                spans.append((place, end, label))
        before = "" if label is None or tag[0] in "ELSU" else label
        place = end + 1
    return " ".join(words), tuple(spans)
