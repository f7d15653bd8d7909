"""The floor of spans that remembers: phrases that were seen, found again."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from harness.common.clock import Clock
from harness.common.text import folded
from harness.common.words import pieces
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.method import METHODS, Method, Setting
from harness.methods.needs import Needs
from harness.methods.work import Work
from harness.targets.spans import NOTHING, Span, Spans, as_spans
from harness.tasks.examples import Item

LISTED = "listed.json"


@dataclass(frozen=True)
class Listed:
    """Finds the phrases that were seen, each as the class that it had most often."""

    phrases: Mapping[str, int]
    """Words in small letters, with single spaces, to the number of a class."""
    parameters: tuple[int, int] = field(default=(0, 0))

    @cached_property
    def _longest(self) -> int:
        return max((len(phrase.split(" ")) for phrase in self.phrases), default=0)

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        with clock.phase("predict"):
            return as_spans([self._find(item.text) for item in items])

    def _find(self, text: str) -> Spans:
        places, spans, at = pieces(text), list[Span](), 0
        while at < len(places):
            for count in range(min(self._longest, len(places) - at), 0, -1):
                inside = places[at: at + count]
                label = self.phrases.get(_phrase(text, inside))
                if label is not None:
                    spans.append(Span(inside[0][0], inside[-1][1], label))
                    at += count - 1
                    break
            at += 1
        return tuple(spans)

    def save(self, folder: Path) -> None:
        (folder / LISTED).write_text(json.dumps(self.phrases, ensure_ascii=False),
                                     encoding="utf-8")


def _phrase(text: str, places: Sequence[tuple[int, int]]) -> str:
    return " ".join(folded(text[start:end]) for start, end in places)


@METHODS.register("gazetteer")
class Gazetteer(Method):
    """The phrases of the training texts' spans, found again: the longest first, from left to right.

    The baseline of CoNLL's shared task (Tjong Kim Sang and De Meulder 2003, section 4.1), which
    takes phrases of one class alone; here one of several is of its most frequent.
    """

    name, family, needs = "gazetteer", "floor", Needs(spans=(), alone=True)
    random = False
    summary = "phrases seen in training, the longest first"

    def fit(self, job: Job, setting: Setting) -> Fit:
        with job.clock.phase("fit"):
            seen: defaultdict[str, Counter[int]] = defaultdict(Counter)
            for example in job.train:
                places = pieces(example.text)
                for start, end, label in example.spans or NOTHING:
                    inside = [place for place in places if place[0] < end and place[1] > start]
                    seen[_phrase(example.text, inside)][label] += 1
            return Fit(Listed({phrase: min(counts, key=lambda label: (-counts[label], label))
                               for phrase, counts in sorted(seen.items())}))

    def work(self, job: Job, setting: Setting) -> Work:
        return Work()

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        return Listed(json.loads((folder / LISTED).read_text(encoding="utf-8")))
