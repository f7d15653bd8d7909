"""Whether spans can be answered: by tags of words, and from the words that are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.check.finding import Finding, shown
from harness.suite import Words
from harness.targets.spans import NOTHING
from harness.targets.tags import can_be_tagged
from harness.tasks.cut import cut_items
from harness.tasks.examples import Example
from harness.tasks.splits import Splits

MANY = 0.05
"""Share of the texts from which it is a warning."""


def check_spans(splits: Splits, most: int | None) -> Iterator[Finding]:
    """`most` is how many words of a text every method reads; None for all."""
    every = [*splits.train, *splits.validation, *splits.test]
    yield from _within_words(every)
    if most is not None:
        yield from _behind_the_end(every, most)


def _within_words(items: Sequence[Example]) -> Iterator[Finding]:
    found = [e for e in items if not can_be_tagged(e.text, e.spans or NOTHING)]
    if found:
        share = len(found) / len(items)
        yield Finding(
            severity="warning" if share > MANY else "note", check="spans", count=len(found),
            examples=shown(found),
            found=f"{len(found):,} of {len(items):,} texts ({share:.1%}) have a span that begins "
                  "or ends within a word: what tags words cannot answer it",
            suggestion="Are places counted in characters of the text as it is here, not in bytes "
                       "or UTF-16? Else let spans end where words do.")


def _behind_the_end(items: Sequence[Example], most: int) -> Iterator[Finding]:
    before = sum(len(e.spans or NOTHING) for e in items)
    left = sum(len(e.spans or NOTHING) for e in cut_items(items, Words(most)))
    if left < before:
        lost = (before - left) / before
        yield Finding(
            severity="warning" if lost > MANY else "note", check="spans", count=before - left,
            found=f"{before - left:,} of {before:,} spans ({lost:.1%}) lie behind the first {most} "
                  "words of their text, which every method reads: they are no part of the task",
            suggestion="Raise `budget.max_words`, or give shorter texts.")
