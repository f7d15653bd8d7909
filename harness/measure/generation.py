"""Quality of answers in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from harness.common.kinds import Kind
from harness.common.words import split_words
from harness.measure.part import RecordPart
from harness.tasks.answers import SCORES
from harness.tasks.examples import Example, weights_of
from harness.tasks.wording import Wording


class Generation(RecordPart):
    """Means over the items of one split, weighted where items are: scores in [0, 1], and the
    answers' length in words."""

    kind: ClassVar[Kind] = "generation"
    items: int
    exact_match: float
    token_f1: float
    rouge_l: float
    answer_recall: float
    words: float


def answer_scores(answers: Sequence[str], examples: Sequence[Example], wording: Wording
                  ) -> dict[str, np.ndarray]:
    """Every score of every answer against its item's references, [items] each."""
    return {name: np.array([score(answer, example.references, wording)
                            for answer, example in zip(answers, examples, strict=True)])
            for name, score in SCORES.items()}


def generation(answers: Sequence[str], examples: Sequence[Example], wording: Wording
               ) -> Generation:
    """Figures of `answers`. Raises ValueError for no items."""
    if not examples:
        raise ValueError("there are no items to measure")
    scores = answer_scores(answers, examples, wording)
    scores["words"] = np.array([len(split_words(answer)) for answer in answers])
    weights = weights_of(examples)
    return Generation(items=len(examples), **{name: float(np.average(score, weights=weights))
                                              for name, score in scores.items()})
