"""The test items of a study, by content: what every run must have answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.common.files import sha256_json
from harness.suite import Kind, Words
from harness.targets.kinds import by_kind
from harness.targets.spans import NOTHING, spans_json
from harness.tasks.cut import cut_items
from harness.tasks.examples import Example

TARGETS: Mapping[Kind, Callable[[Example, Sequence[str]], str | float]] = by_kind(
    one=lambda example, labels: labels[example.label],
    several=lambda example, labels: json.dumps(
        [labels[number] for number in example.every_class], ensure_ascii=False),
    numbers=lambda example, labels: 0.0 if example.value is None else example.value,
    spans=lambda example, labels: spans_json(example.spans or NOTHING, example.text, labels),
    words=lambda example, labels: example.references[0])
"""What is right, as tables of predictions say it."""


def tests_by_size(test: Sequence[Example], sizes: Iterable[int], kind: Kind,
                  labels: Sequence[str], words: Words | None) -> dict[int, str]:
    """Number of items to their hash, for the first so many of the test items, or all there are; of
    what is right of the words that are read of them."""
    wanted = sorted({min(size, len(test)) for size in sizes})
    drawn = test[:max(wanted, default=0)]
    read = drawn if words is None else cut_items(drawn, words)
    pairs = [(e.id, TARGETS[kind](e, labels)) for e in read]
    return {size: answered_sha256(pairs[:size]) for size in wanted}


def answered_sha256(pairs: Iterable[tuple[str, str | float]]) -> str:
    """Over ids and targets of items, in their order."""
    return sha256_json([list(pair) for pair in pairs])
