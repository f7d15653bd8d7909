"""Quality of answers in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from harness.common.kinds import Kind
from harness.common.words import split_words
from harness.measure.part import RecordPart
from harness.targets.kinds import KINDS
from harness.tasks.answers import SCORES, copied
from harness.tasks.examples import Example, weights_of
from harness.tasks.wording import Wording


class Generation(RecordPart):
    """Means over the items of one split, weighted where items are: scores in [0, 1], and the
    lengths in words of answers and of first references. None in older records."""

    kind: ClassVar[Kind] = "generation"
    items: int
    exact_match: float
    token_f1: float
    rouge_1: float | None = None
    rouge_2: float | None = None
    rouge_l: float
    chrf: float | None = None
    answer_recall: float
    copied: float | None = None
    words: float
    reference_words: float | None = None


def answer_scores(answers: Sequence[str], examples: Sequence[Example], wording: Wording
                  ) -> dict[str, np.ndarray]:
    """Every figure of every answer, by metric, [items] each: scores against its item's references,
    what it copied of the item's text, and its length."""
    rows = [_row(answer, example, wording)
            for answer, example in zip(answers, examples, strict=True)]
    return {metric.name: np.array([row[metric.name] for row in rows], dtype=float)
            for metric in KINDS["generation"].metrics}


def _row(answer: str, example: Example, wording: Wording) -> dict[str, float]:
    scores = {name: score(answer, example.references, wording) for name, score in SCORES.items()}
    return scores | {"copied": copied(answer, example.text, wording),
                     "words": len(split_words(answer))}


def generation(answers: Sequence[str], examples: Sequence[Example], wording: Wording
               ) -> Generation:
    """Figures of `answers`. Raises ValueError for no items."""
    if not examples:
        raise ValueError("there are no items to measure")
    scores = answer_scores(answers, examples, wording)
    scores["reference_words"] = np.array([len(split_words(e.references[0])) for e in examples])
    weights = weights_of(examples)
    return Generation(items=len(examples), **{name: float(np.average(score, weights=weights))
                                              for name, score in scores.items()})
