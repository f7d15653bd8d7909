"""Quality of answers in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from harness.common.kinds import Kind
from harness.common.words import split_words
from harness.measure.part import RecordPart
from harness.targets.generation import CITATIONS, MEANS, REFUSED_ONE, UNANSWERABLE, Worded
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
    refused: float | None = None
    """Of the questions that the documents do not answer, the share to which that was the answer.
    None, as the three below, where the task has no such questions, or has those alone."""
    wrongly_refused: float | None = None
    """Of the others, the share to which it was the answer, too."""
    answerable_f1: float | None = None
    """Harmonic mean of precision and recall of answering, for what may be answered."""
    exact_match_answerable: float | None = None
    """`exact_match` over those that may be answered alone."""
    unanswerable: int | None = None
    """Items that may not be answered."""
    reference_words: float | None = None


def answer_scores(answers: Sequence[str], examples: Sequence[Example], wording: Wording
                  ) -> dict[str, np.ndarray]:
    """Every figure of every answer, by metric, [items] each: scores against its item's references,
    what it copied of the item's text, and its length."""
    rows = [_row(answer, example, wording)
            for answer, example in zip(answers, examples, strict=True)]
    return {name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}


def _row(answer: str, example: Example, wording: Wording) -> dict[str, float]:
    scores = {name: score(answer, example.references, wording) for name, score in SCORES.items()}
    scores |= {"copied": copied(answer, example.text, wording), "words": len(split_words(answer))}
    return scores if wording.refusal is None else scores | {
        UNANSWERABLE: unanswerable(example, wording), REFUSED_ONE: wording.refuses(answer)}


def unanswerable(example: Example, wording: Wording) -> bool:
    """Whether the right answer to a question is that there is none."""
    return wording.refuses(example.references[0])


def generation(answers: Sequence[str], examples: Sequence[Example], wording: Wording
               ) -> Generation:
    """Figures of `answers`. Raises ValueError for no items."""
    if not examples:
        raise ValueError("there are no items to measure")
    scores = answer_scores(answers, examples, wording)
    weights = weights_of(examples)
    lengths = [len(split_words(e.references[0])) for e in examples]
    run = Worded(scores)
    asked = [metric for metric in KINDS["generation"].own
             if metric.name in MEANS
             or (wording.refusal is not None and metric.name not in CITATIONS)]
    return Generation(
        items=len(examples), reference_words=float(np.average(lengths, weights=weights)),
        unanswerable=int(scores[UNANSWERABLE].sum()) if UNANSWERABLE in scores else None,
        **{metric.name: metric.of(run, weights) for metric in asked})
