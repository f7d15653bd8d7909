"""The linear tagger of spans: a conditional random field over what words look like.

Lafferty, McCallum and Pereira, Conditional Random Fields, ICML 2001: tags are scored by their words
and by the tag before, and the best sequence is answered. CRFsuite (Okazaki 2007) learns it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pycrfsuite
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix
from sklearn.feature_extraction import DictVectorizer

from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.common.words import pieces
from harness.methods.chain import viterbi
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.method import METHODS, Method, Setting, spread
from harness.methods.needs import Needs
from harness.methods.work import Work
from harness.targets.spans import NOTHING, as_spans
from harness.targets.tags import spans_at, tags_of
from harness.tasks.examples import Item

NAMES, WEIGHTS = "looks.json", "crf.safetensors"
AROUND = 2
"""Words on each side that a word is read with."""
ENDINGS = (1, 2, 3, 4)
"""Lengths of beginnings and endings, in letters."""
SPARSE, PASSES = 0.1, 200
"""The weight of the absolute weights in the loss, and the most iterations of L-BFGS."""


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


@dataclass(frozen=True)
class Field:
    """A score of every tag by what is seen of a word, [looks, tags], and by the tag before it,
    [tags, tags]."""

    vectorizer: DictVectorizer
    seen: np.ndarray
    follows: np.ndarray

    @property
    def parameters(self) -> tuple[int, int]:
        count = int(np.count_nonzero(self.seen) + np.count_nonzero(self.follows))
        return count, count

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        with clock.phase("predict"):
            return as_spans([spans_at(item.text, self.tags(item.text)) for item in items])

    def tags(self, text: str) -> list[int]:
        """Of each word of a text, in the likeliest sequence."""
        words = looks(text)
        return viterbi(self.vectorizer.transform(words) @ self.seen, self.follows
                         ) if words else []

    def save(self, folder: Path) -> None:
        names = json.dumps(self.vectorizer.feature_names_, ensure_ascii=False)
        (folder / NAMES).write_text(names, encoding="utf-8")
        save_file({"seen": self.seen, "follows": self.follows}, folder / WEIGHTS)


@METHODS.register("crf")
class Crf(Method):
    """A linear-chain conditional random field on what words and their neighbours look like."""

    name, family, needs = "crf", "floor", Needs(spans=(), alone=True)
    random = False
    summary = "words, their shapes and neighbours, conditional random field over tags"

    def settings(self, job: Job) -> list[Setting]:
        return [{"c2": c2} for c2 in spread(0.1)]

    def fit(self, job: Job, setting: Setting) -> Fit:
        with job.clock.phase("fit"):
            words = [looks(e.text) for e in job.train]
            tags = [tags_of(e.text, e.spans or NOTHING) for e in job.train]
            if not any(words):
                raise CannotRunError("the training texts have no words")
            vectorizer = DictVectorizer().fit([word for own in words for word in own])
            read = [vectorizer.transform(own) for own in words if own]
            kept = [own for own in tags if len(own)]
            return Fit(Field(vectorizer, *learned(read, kept, len(job.outputs),
                                                  float(setting["c2"]))))

    def work(self, job: Job, setting: Setting) -> Work:
        return Work(fitted=len(job.train))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
        weights = load_file(folder / WEIGHTS)
        return Field(DictVectorizer().fit([dict.fromkeys(names, 1.0)]), weights["seen"],
                     weights["follows"])


def learned(texts: Sequence[csr_matrix], tags: Sequence[np.ndarray], count: int, c2: float
            ) -> tuple[np.ndarray, np.ndarray]:
    """CRFsuite's weights of words, [looks, tags], and of tags that follow, [tags, tags], from texts
    [words, looks] of zeros and ones and their tags [words]; `c2` weighs the squared weights.
    """
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c1": SPARSE, "c2": c2, "max_iterations": PASSES,
                        "feature.possible_transitions": True})
    for read, own in zip(texts, tags, strict=True):
        trainer.append([list(map(str, word.indices)) for word in read], list(map(str, own)))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        found = tagger.info()
        tagger.close()
    seen, follows = np.zeros((texts[0].shape[1], count)), np.zeros((count, count))
    for (look, tag), weight in found.state_features.items():
        seen[int(look), int(tag)] = weight
    for (before, tag), weight in found.transitions.items():
        follows[int(before), int(tag)] = weight
    return seen, follows
