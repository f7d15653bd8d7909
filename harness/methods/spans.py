"""Floors of tasks that are answered with spans: words by their looks, and a list of what was seen.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from sklearn.feature_extraction import DictVectorizer

from harness.common.clock import Clock
from harness.common.text import folded
from harness.common.words import pieces
from harness.methods.linear import LinearHead
from harness.methods.method import METHODS, Fit, Fitted, Job, Method, Setting, spread
from harness.methods.tagged import LINK, Words, WordTagger, fit_tags
from harness.targets.spans import NOTHING, Span, Spans, as_spans
from harness.tasks.examples import Item

LOOKS, LISTED = "looks.json", "listed.json"
AROUND = 2
"""Words on each side that a word is read with."""
ENDINGS = (1, 2, 3, 4)
"""Lengths of beginnings and endings, in letters."""


def looks(text: str) -> list[dict[str, float]]:
    """What is seen of each word of a text: itself and its neighbours in small letters, its shape,
    beginning and ending: those of local classifiers since Ratinov and Roth, CoNLL 2009, section 3.
    """
    words = [text[start:end] for start, end in pieces(text)]
    small = [word.lower() for word in words]
    return [dict.fromkeys(_looks(words, small, place), 1.0) for place in range(len(words))]


def _looks(words: Sequence[str], small: Sequence[str], place: int) -> Iterator[str]:
    word = words[place]
    yield f"shape={shape(word)}"
    for length in ENDINGS:
        if len(word) > length:
            yield f"begins={small[place][:length]}"
            yield f"ends={small[place][-length:]}"
    for apart in range(-AROUND, AROUND + 1):
        other = place + apart
        inside = 0 <= other < len(words)
        yield f"{apart}={small[other] if inside else ''}"
        if apart and inside:
            yield f"{apart}.shape={shape(words[other])}"
    for apart in (-1, 0):
        pair = small[max(0, place + apart): place + apart + 2]
        yield f"{apart}+={' '.join(pair)}"


def shape(word: str) -> str:
    """Large letters as X, small ones as x, digits as 9, each run once or twice."""
    signs = ["X" if c.isupper() else "x" if c.islower() else "9" if c.isdigit() else c
             for c in word]
    return "".join(sign for i, sign in enumerate(signs) if signs[max(0, i - 2):i] != [sign] * 2)


def _read(vectorizer: DictVectorizer, items: Sequence[Item], clock: Clock) -> Words:
    with clock.phase("predict"):
        seen = [looks(item.text) for item in items]
        counts = list(map(len, seen))
        return Words(vectorizer.transform([word for own in seen for word in own]),
                     list(map(np.arange, counts)), counts)


def _keep(vectorizer: DictVectorizer, folder: Path) -> None:
    (folder / LOOKS).write_text(json.dumps(vectorizer.feature_names_), encoding="utf-8")


@METHODS.register("tagger")
class Tagger(Method):
    """Logistic regression on what words and their neighbours look like."""

    name, family, kinds = "tagger", "floor", ()
    kinds_of_spans = (None,)
    random = False
    summary = "words, their shapes and neighbours, logistic regression over tags"

    def settings(self, job: Job) -> list[Setting]:
        return [{"C": c} for c in spread(1.0)]

    def fit(self, job: Job, setting: Setting) -> Fit:
        vectorizer = DictVectorizer()
        with job.clock.phase("fit"):
            vectorizer.fit([word for e in job.train for word in looks(e.text)])
            words = _read(vectorizer, job.train, Clock())
            head = fit_tags(words, job, float(setting["C"]))
        return Fit(_tagger(vectorizer, head))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        vectorizer = DictVectorizer()
        names = json.loads((folder / LOOKS).read_text(encoding="utf-8"))
        vectorizer.fit([dict.fromkeys(names, 1.0)])
        return _tagger(vectorizer, LinearHead.load(folder, LINK))


def _tagger(vectorizer: DictVectorizer, head: LinearHead) -> WordTagger:
    return WordTagger(partial(_read, vectorizer), head, also=partial(_keep, vectorizer))


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

    name, family, kinds = "gazetteer", "floor", ()
    kinds_of_spans = (None,)
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

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        return Listed(json.loads((folder / LISTED).read_text(encoding="utf-8")))
