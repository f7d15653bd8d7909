"""Answers that name the passage that they are from: whether it is there, holds them, and is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.common.clock import Clock
from harness.measure.part import RecordPart
from harness.tasks.examples import Example, weights_of
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


def citations(numbers: Sequence[int | None], answers: Sequence[str],
              retriever: PassageRetriever, k: int, examples: Sequence[Example], wording: Wording
              ) -> Citations:
    """Of answers, the number that each named, and the `k` passages at most before each, of which
    the last was the best."""
    weights = weights_of(examples)
    weighed = np.ones(len(examples)) if weights is None else np.asarray(weights)
    shown = retriever.found(examples, k, Clock())
    asked = [i for i, answer in enumerate(answers) if not wording.refuses(answer)]
    named = {i: shown[i][-number] for i in asked
             if (number := numbers[i]) is not None and 0 < number <= len(shown[i])}
    about = [i for i in named if examples[i].document is not None]
    held = {i: _holds(answers[i], retriever.texts([place])[0], wording)
            for i, place in named.items()}
    own = {i: retriever.documents(np.array([named[i]]))[0] == examples[i].document for i in about}
    return Citations(
        answers=len(asked), cited=_share({i: i in named for i in asked}, weighed),
        held=_share(held, weighed), gold=_share(own, weighed), questions=len(about))


def _holds(answer: str, text: str, wording: Wording) -> bool:
    return bool(wording.words(answer)) and wording.held(answer, wording.place(text))


def _share(found: dict[int, bool], weights: np.ndarray) -> float | None:
    return float(np.average([*found.values()], weights=weights[[*found]])) if found else None
