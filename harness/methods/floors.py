"""Classical floors that need no backbone: TF-IDF with a linear model, of words or of characters."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field
from sklearn.feature_extraction.text import TfidfVectorizer

from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.common.text import folded
from harness.common.words import single_letters, symbols, terms
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.learning.balance import LINEAR, LinearOptions, balance_of, weights_for
from harness.methods.linear import LinearHead, fit_linear, strengths
from harness.methods.link import LINKS
from harness.methods.method import METHODS, Method, Setting
from harness.methods.needs import Needs
from harness.methods.work import Work
from harness.tasks.examples import Item, targets_of


class TfidfOptions(LinearOptions):
    """How texts become word counts, and what rare classes count."""

    ngrams: tuple[int, int] = (1, 2)
    min_count: int = 1


@dataclass(frozen=True)
class TfidfClassifier:
    """TF-IDF vectors under a linear head."""

    vectorizer: TfidfVectorizer
    head: LinearHead

    @property
    def parameters(self) -> tuple[int, int]:
        return self.head.size, self.head.size

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        with clock.phase("predict"):
            return self.head.predict(self.vectorizer.transform([e.joined for e in items]))

    def save(self, folder: Path) -> None:
        self.head.save(folder)
        words = {word: int(index) for word, index in self.vectorizer.vocabulary_.items()}
        content = {"vocabulary": words, "idf": self.vectorizer.idf_.tolist()}
        (folder / "tfidf.json").write_text(json.dumps(content), encoding="utf-8")


@METHODS.register("tfidf")
class Tfidf(Method):
    """TF-IDF word n-grams and logistic regression; in scripts without spaces a letter is a word."""

    name, family = "tfidf", "floor"
    needs = Needs(classes=(), numbers=(), alone=True)
    random = False
    summary = "TF-IDF of words and word pairs, logistic regression"
    options_type = TfidfOptions
    balances = LINEAR

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.balance = self.options.balance

    def settings(self, job: Job) -> list[Setting]:
        return [{"C": c} for c in strengths(job, 10.0)]

    def fit(self, job: Job, setting: Setting) -> Fit:
        with job.clock.phase("fit"):
            vectorizer = self._vectorizer()
            try:
                x = vectorizer.fit_transform([e.joined for e in job.train])
            except ValueError:  # every text has a term: they are too rare
                raise CannotRunError(
                    f"no term stands in {self.options.min_count} of the training texts",
                    "Lower the option `min_count`.") from None
            head = fit_linear(x, targets_of(job.train, job.classes),
                              float(setting["C"]), LINKS[job.task.kind],
                              weights_for(balance_of(setting, self), job))
            return Fit(TfidfClassifier(vectorizer, head))

    def work(self, job: Job, setting: Setting) -> Work:
        return Work(fitted=len(job.train))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        content = json.loads((folder / "tfidf.json").read_text(encoding="utf-8"))
        vectorizer = self._vectorizer(content["vocabulary"])
        vectorizer.idf_ = np.array(content["idf"])
        return TfidfClassifier(vectorizer, LinearHead.load(folder, LINKS[job.task.kind]))

    def _vectorizer(self, vocabulary: dict[str, int] | None = None) -> TfidfVectorizer:
        return TfidfVectorizer(analyzer=partial(_terms, lengths=self.options.ngrams),
                               min_df=self.options.min_count, sublinear_tf=True,
                               vocabulary=vocabulary)


class CharTfidfOptions(TfidfOptions):
    """How texts become counts of runs of characters."""

    ngrams: tuple[int, int] = (2, 5)
    most: int = Field(300_000, ge=1)
    """Runs that are counted, the most frequent: long texts have more than help."""


@METHODS.register("char-tfidf")
class CharTfidf(Tfidf):
    """TF-IDF of runs of characters within words, and logistic regression.

    Spelling, endings and parts of words count, and words need no spaces between them. A usual
    baseline since Cavnar and Trenkle 1994, N-Gram-Based Text Categorization.
    """

    name = "char-tfidf"
    summary = "TF-IDF of 2 to 5 characters within words, logistic regression"
    options_type = CharTfidfOptions

    def _vectorizer(self, vocabulary: dict[str, int] | None = None) -> TfidfVectorizer:
        within = TfidfVectorizer(analyzer="char_wb", ngram_range=self.options.ngrams,
                                 preprocessor=folded).build_analyzer()
        return TfidfVectorizer(analyzer=partial(_runs, within=within),
                               min_df=self.options.min_count, max_features=self.options.most,
                               sublinear_tf=True, vocabulary=vocabulary)


def _runs(text: str, within: Callable[[str], list[str]]) -> list[str]:
    """Runs of characters within words, and letters that are words without spaces around them."""
    return [*within(text), *(term for term in terms(text) if len(term) == 1)]


def _terms(text: str, lengths: tuple[int, int]) -> list[str]:
    """Words, sequences of them and what else says something; a text without such is a term."""
    words = terms(text)
    sequences = [" ".join(words[i:i + n]) for n in range(lengths[0], lengths[1] + 1)
                 for i in range(len(words) - n + 1)]
    return [*sequences, *single_letters(text), *symbols(text)] or [text]
