"""Answers that name the passage that they are from: whether it is there, holds them, and is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.common.clock import Clock
from harness.measure.part import RecordPart
from harness.targets.generation import CITATIONS, CITED, CITED_GOLD, CITED_HELD, Worded
from harness.targets.kinds import KINDS
from harness.tasks.examples import Example
from harness.tasks.wording import Wording

if TYPE_CHECKING:
    from harness.methods.open_book import PassageRetriever


class Citations(RecordPart):
    """Shares in 0 to 1, weighted where items are."""

    answers: int
    """All but refusals, which are from no passage."""
    cited: float | None
    """Of these, the share that end with the number of a passage that was shown; None for none."""
    held: float | None
    """Of the answers that do, the share that stand word for word in that passage."""
    gold: float | None
    """Of the answers that do, to questions that name a document, the share whose passage is of it.
    """
    questions: int
    """How many of them do."""

    @property
    def figures(self) -> dict[str, float | None]:
        """By metric."""
        return {CITED: self.cited, CITED_HELD: self.held, CITED_GOLD: self.gold}


def citation_scores(numbers: Sequence[int | None], answers: Sequence[str],
                    retriever: PassageRetriever, k: int, examples: Sequence[Example],
                    wording: Wording) -> dict[str, np.ndarray]:
    """By metric of `CITATIONS`, [items]: 1 or 0, NaN where it cannot be asked of an answer.

    Of answers, the number that each named, and the `k` passages at most before each, of which the
    last was the best.
    """
    shown = retriever.found(examples, k, Clock())
    found = {name: np.full(len(examples), np.nan) for name in CITATIONS}
    for i, (answer, number, places) in enumerate(zip(answers, numbers, shown, strict=True)):
        if wording.refuses(answer):
            continue
        named = number is not None and 0 < number <= len(places)
        found[CITED][i] = named
        if number is None or not named:
            continue
        place = places[-number]
        found[CITED_HELD][i] = _holds(answer, retriever.texts([place])[0], wording)
        if examples[i].document is not None:
            found[CITED_GOLD][i] = (
                retriever.documents(np.array([place]))[0] == examples[i].document)
    return found


def citations(scores: Mapping[str, np.ndarray], weights: np.ndarray | None) -> Citations:
    """Of what `citation_scores` found of items, which count alike or have `weights` [items]."""
    cited, held, gold = (KINDS["generation"].metric(name).of(Worded(scores), weights)
                         for name in CITATIONS)
    return Citations(answers=int(np.isfinite(scores[CITED]).sum()), cited=cited, held=held,
                     gold=gold, questions=int(np.isfinite(scores[CITED_GOLD]).sum()))


def _holds(answer: str, text: str, wording: Wording) -> bool:
    return bool(wording.words(answer)) and wording.held(answer, wording.place(text))
