"""Phrases of licence notices that say which licence it is, as ScanCode's `licensedcode` data marks
them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.common.errors import HarnessError
from harness.tasks.examples import Row
from harness.tasks.readers import ReaderOptions, reader
from harness.tasks.readers.licensedcode import front_matter
from harness.tasks.span_cells import Cell, spans_cell

MARKS = re.compile(r"\{\{|\}\}")
PHRASE = "phrase"


class PhrasesOptions(ReaderOptions):
    """Which rules count, in words."""

    min_words: int = 4
    max_words: int = 200


@reader("phrases", PhrasesOptions)
def read_phrases(folder: Path, options: PhrasesOptions) -> Iterator[Row]:
    """Rules in which phrases are marked that a text must have to be of the licence; the label lists
    them, the group is the licence expression. Rules whose marks do not pair are left out, as are
    those that are a phrase as a whole."""
    rules = sorted((folder / "rules").glob("*.RULE"))
    if not rules:
        raise HarnessError(f"{folder.name}: no rules/*.RULE",
                           "Point the source's `path` at licensedcode/data.")
    for path in rules:
        front, body = front_matter(path)
        if "{{" not in body or front.get("is_false_positive", "").lower() in ("yes", "true"):
            continue
        found = marked(body.strip())
        if found is None:
            continue
        text, spans = found
        whole = len(spans) == 1 and spans[0][1] - spans[0][0] == len(text)
        if not whole and options.min_words <= len(text.split()) <= options.max_words:
            yield Row(text, spans_cell(spans), group=front.get("license_expression", ""))


def marked(body: str) -> tuple[str, tuple[Cell, ...]] | None:
    """The text without its marks, and where the marked phrases are in it, without the white space
    at their ends; None where marks do not pair."""
    text, spans, begun, last = "", list[Cell](), -1, 0
    for mark in MARKS.finditer(body):
        text += body[last:mark.start()]
        last = mark.end()
        opens = mark.group() == "{{"
        if opens == (begun >= 0):
            return None
        if opens:
            begun = len(text)
        else:
            phrase = text[begun:]
            start = begun + len(phrase) - len(phrase.lstrip())
            if phrase.strip():
                spans.append((start, start + len(phrase.strip()), PHRASE))
            begun = -1
    return (text + body[last:], tuple(spans)) if begun < 0 and spans else None
