"""How right an answer in words is, against one or more reference answers.

Answers are normalised as in SQuAD (Rajpurkar et al. 2016, section 6.1): lower case, without
punctuation and articles, white space folded. Of several references the best score counts.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)
Score = Callable[[str, Sequence[str]], float]


def normalised(text: str) -> str:
    """Lower case, no punctuation, no articles, single spaces."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact_match(answer: str, references: Sequence[str]) -> float:
    """1 where the answer is a reference after normalising, else 0."""
    return float(normalised(answer) in {normalised(r) for r in references})


def token_f1(answer: str, references: Sequence[str]) -> float:
    """Harmonic mean of precision and recall over words, counted with repeats."""
    return max(_f1(normalised(answer).split(), normalised(r).split()) for r in references)


def rouge_l(answer: str, references: Sequence[str]) -> float:
    """F-measure of the longest common subsequence of words (Lin 2004), by rouge-score, stemmed."""
    return float(_rouge().score_multi(list(references), answer)["rougeL"].fmeasure)


def answer_recall(answer: str, references: Sequence[str]) -> float:
    """Share of a reference's words that the answer holds, counted with repeats."""
    return max(_recall(normalised(answer).split(), normalised(r).split()) for r in references)


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


@cache
def _rouge() -> Any:
    # It imports all of NLTK, which takes half a second: most studies do not ask it.
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=True)
