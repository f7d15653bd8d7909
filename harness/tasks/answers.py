"""How right an answer in words is, against one or more reference answers.

Answers are compared word by word, as a task's `Wording` reads them. Of several references the best
score counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
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


def rouge_l(answer: str, references: Sequence[str], wording: Wording = UNICODE) -> float:
    """F-measure of the longest common subsequence of words (Lin 2004), by rouge-score, stemmed."""
    return float(_rouge(wording).score_multi(list(references), answer)["rougeL"].fmeasure)


def answer_recall(answer: str, references: Sequence[str], wording: Wording = UNICODE) -> float:
    """Share of a reference's words that the answer holds, counted with repeats."""
    given = wording.words(answer)
    return max(_recall(given, wording.words(r)) for r in references)


SCORES: dict[str, Score] = {"exact_match": exact_match, "token_f1": token_f1, "rouge_l": rouge_l,
                            "answer_recall": answer_recall}


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


@cache
def _rouge(wording: Wording) -> Any:
    from rouge_score.rouge_scorer import RougeScorer  # imports all of NLTK, half a second

    return RougeScorer(["rougeL"], tokenizer=_Tokenizer(wording))
