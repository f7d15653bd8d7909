"""How right an answer in words is, against one or more reference answers.

Answers are compared word by word, as a task's `Wording` reads them. Of several references the best
score counts.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Protocol

from harness.tasks.wording import WORDINGS, Wording

UNICODE = WORDINGS["unicode"]


class Score(Protocol):
    """In [0, 1]."""

    def __call__(self, answer: str, references: Sequence[str], wording: Wording = UNICODE
                 ) -> float: ...


def exact_match(answer: str, references: Sequence[str], wording: Wording = UNICODE) -> float:
    """1 where the answer is a reference, word by word, else 0."""
    return float(wording.key(answer) in {wording.key(r) for r in references})


def token_f1(answer: str, references: Sequence[str], wording: Wording = UNICODE) -> float:
    """Harmonic mean of precision and recall over words, counted with repeats."""
    given = wording.words(answer)
    return max(_f1(given, wording.words(r)) for r in references)


def rouge_1(answer: str, references: Sequence[str], wording: Wording = UNICODE) -> float:
    """F-measure of words (Lin 2004), by rouge-score, stemmed."""
    return _rouge(answer, tuple(references), wording)["rouge1"]


def rouge_2(answer: str, references: Sequence[str], wording: Wording = UNICODE) -> float:
    """The same of pairs of neighbouring words. A text of one word has none, and scores 0."""
    return _rouge(answer, tuple(references), wording)["rouge2"]


def rouge_l(answer: str, references: Sequence[str], wording: Wording = UNICODE) -> float:
    """The same of the longest common subsequence of words, each text being one sequence."""
    return _rouge(answer, tuple(references), wording)["rougeL"]


def chrf(answer: str, references: Sequence[str], wording: Wording = UNICODE) -> float:
    """chrF2 (Popović 2015), by sacrebleu: F-score with β = 2, which favours recall, of runs of 1 to
    6 characters without white space, as they are written whatever the `wording`."""
    composed = [unicodedata.normalize("NFC", text) for text in (answer, *references)]
    return float(_chrf().sentence_score(composed[0], composed[1:]).score) / 100


def answer_recall(answer: str, references: Sequence[str], wording: Wording = UNICODE) -> float:
    """Share of a reference's words that the answer holds, counted with repeats."""
    given = wording.words(answer)
    return max(_recall(given, wording.words(r)) for r in references)


def copied(answer: str, source: str, wording: Wording = UNICODE) -> float:
    """Share of an answer's pairs of neighbouring words that stand in the text it answers, counted
    with repeats: 1 minus the share of novel bigrams (Narayan et al. 2018, Don't Give Me the
    Details, Just the Summary!). One word alone is looked for as it is; silence copies nothing."""
    given = wording.whole(answer)
    length = min(2, len(given))
    if not length:
        return 0.0
    there = set(_runs(wording.whole(source), length))
    return sum(run in there for run in _runs(given, length)) / (len(given) - length + 1)


SCORES: dict[str, Score] = {"exact_match": exact_match, "token_f1": token_f1, "rouge_1": rouge_1,
                            "rouge_2": rouge_2, "rouge_l": rouge_l, "chrf": chrf,
                            "answer_recall": answer_recall}


def _runs(words: list[str], length: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[start:] for start in range(length)), strict=False))


def _f1(given: list[str], wanted: list[str]) -> float:
    if not given or not wanted:
        return float(given == wanted)
    shared = (Counter(given) & Counter(wanted)).total()
    return 2 * shared / (len(given) + len(wanted))


def _recall(given: list[str], wanted: list[str]) -> float:
    if not wanted:
        return float(not given)
    return (Counter(given) & Counter(wanted)).total() / len(wanted)


@dataclass(frozen=True)
class _Tokenizer:
    """What rouge-score asks for words."""

    wording: Wording

    def tokenize(self, text: str) -> list[str]:
        return self.wording.stems(text)


@lru_cache(maxsize=64)  # the three figures of one answer, asked one after another
def _rouge(answer: str, references: tuple[str, ...], wording: Wording) -> dict[str, float]:
    """By rouge-score's names; of each the best reference's."""
    found = _scorer(wording).score_multi(list(references), answer)
    return {name: float(score.fmeasure) for name, score in found.items()}


@cache
def _scorer(wording: Wording) -> Any:
    from rouge_score.rouge_scorer import RougeScorer  # imports all of NLTK, half a second

    return RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=_Tokenizer(wording))


@cache
def _chrf() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()
