"""Answers that are spans: the parts of a text that are of a class, found and named.

A span is right where its beginning, its end and its class are: as CoNLL's shared tasks count
(Tjong Kim Sang and De Meulder, CoNLL 2003, section 4), and seqeval after them. An item is a whole
document, whose spans hang together.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from harness.targets.by_class import f1_of, macro_f1, share
from harness.targets.kinds import KINDS, TargetKind
from harness.targets.marked import domain
from harness.targets.metric import Formula


class Span(NamedTuple):
    """A part of a text: where it begins and ends, in characters, and the number of its class."""

    start: int
    end: int
    label: int


Spans = tuple[Span, ...]
"""Of one text, rising; none overlap."""
NOTHING: Spans = ()


def as_spans(spans: Sequence[Spans | None]) -> np.ndarray:
    """Of each item its spans, [items] of tuples; None where they could not be read."""
    found = np.empty(len(spans), dtype=object)
    found[:] = spans
    return found


@dataclass(frozen=True, eq=False)
class Found:
    """A run's spans beside the right ones, as counts by item and class: [items, classes] each."""

    hits: np.ndarray
    """That are right."""
    answered: np.ndarray
    there: np.ndarray
    """In the texts."""
    weights: np.ndarray | None = None

    @property
    def actual(self) -> np.ndarray:
        """Which classes items have: [items, classes] bool."""
        return np.asarray(self.there > 0)

    @property
    def right(self) -> np.ndarray:
        """Which items have all of their spans found, and no other: [items] bool."""
        return np.asarray(((self.hits == self.answered) & (self.hits == self.there)).all(axis=1))


def found(answered: Sequence[Spans], right: Sequence[Spans], classes: int,
          weights: np.ndarray | None = None) -> Found:
    """What was answered to items beside what is right of them, counted."""
    both = [set(a) & set(r) for a, r in zip(answered, right, strict=True)]
    return Found(_counts(both, classes), _counts(answered, classes), _counts(right, classes),
                 weights)


def _counts(spans: Sequence[Iterable[Span]], classes: int) -> np.ndarray:
    counts = np.zeros((len(spans), classes), dtype=int)
    for row, own in zip(counts, spans, strict=True):
        for label, number in Counter(span.label for span in own).items():
            row[label] = number
    return counts


@dataclass(frozen=True, eq=False)
class SpanAnswers:
    """What every run answered on the same items.

    `answered` holds the items' spans by run, `right` the right ones, both as `spans_json` writes
    them; `groups` [items] numbers the groups from 0; items count alike or have `weights` [items].
    """

    answered: Sequence[Sequence[str]]
    right: Sequence[str]
    labels: Sequence[str]
    groups: np.ndarray
    weights: np.ndarray | None = None

    kind: ClassVar[TargetKind] = KINDS["spans"]

    @cached_property
    def _there(self) -> list[Spans]:
        return [spans_of_json(cell, self.labels) for cell in self.right]

    @cached_property
    def actual(self) -> np.ndarray:
        """Which classes each item has: [items, classes] bool."""
        return _counts(self._there, len(self.labels)) > 0

    @property
    def runs(self) -> Iterator[Found]:
        """Each run."""
        return map(self.run, range(len(self.answered)))

    def run(self, place: int) -> Found:
        """The one at this place."""
        own = [spans_of_json(cell, self.labels) for cell in self.answered[place]]
        return found(own, self._there, len(self.labels), self.weights)

    def inside(self, items: np.ndarray) -> SpanAnswers:
        """On some of the items, [items] bool; groups are numbered anew."""
        at = np.flatnonzero(items).tolist()
        return SpanAnswers([[run[i] for i in at] for run in self.answered],
                           [self.right[i] for i in at], self.labels,
                           *domain(self.groups, self.weights, items))

    def said(self, labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """What runs answered, [runs, items] of str, and what is right, [items] of str."""
        return (np.array([list(map(_shown, run)) for run in self.answered], dtype=object),
                np.array(list(map(_shown, self.right)), dtype=object))


def read(tables: Sequence[Any], labels: Sequence[str], groups: np.ndarray,
         weights: np.ndarray | None) -> SpanAnswers:
    """From tables of predictions with an answer and a target in JSON, on the same items in one
    order. Where no suite says what classes there are, they are those of the spans."""
    answered = [table["answer"].to_pylist() for table in tables]
    right = tables[0]["target"].to_pylist()
    names = labels or sorted({one["label"] for cells in (*answered, right) for cell in cells
                              for one in json.loads(cell)})
    return SpanAnswers(answered, right, names, groups, weights)


def spans_json(spans: Iterable[Span], text: str, labels: Sequence[str]) -> str:
    """Spans as files have them: a JSON list of objects, each with what it says."""
    return json.dumps([{"start": start, "end": end, "label": labels[label],
                        "text": text[start:end]} for start, end, label in spans],
                      ensure_ascii=False)


def spans_of_json(cell: str, labels: Sequence[str]) -> Spans:
    """What `spans_json` wrote."""
    return tuple(Span(one["start"], one["end"], labels.index(one["label"]))
                 for one in json.loads(cell))


def _shown(cell: str) -> str:
    """For people; spans at other places are other answers, whatever they say."""
    return "; ".join(f"{one['label']}: {one['text']} (at {one['start']})"
                     for one in json.loads(cell)) or "nothing"


def _by_class(run: Found) -> np.ndarray:
    return np.column_stack([run.hits, run.answered, run.there]).astype(float)


def _all(run: Found) -> np.ndarray:
    return np.column_stack([each.sum(axis=1)
                            for each in (run.hits, run.answered, run.there)]).astype(float)


def _right(run: Found) -> np.ndarray:
    return np.column_stack([run.right, np.ones(len(run.there))])


MICRO_F1 = Formula(_all, lambda sums: f1_of(*sums))
"""F1 over all spans; 0 where none is there and none is answered."""
MACRO_F1 = Formula(_by_class, macro_f1)
PRECISION = Formula(_all, lambda sums: share(sums[0], sums[1]))
"""NaN where no span is answered."""
RECALL = Formula(_all, lambda sums: share(sums[0], sums[2]))
ALL_RIGHT = Formula(_right, lambda sums: share(sums[0], sums[1]))
