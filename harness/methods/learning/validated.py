"""What validation says of one fit, and which of two is better: by the suite's deciding metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.targets.metric import Better, gain


@dataclass(frozen=True)
class HeldOut:
    """Figures on the validation items."""

    score: float | None
    """The deciding metric; None where it is not defined on them, or a suite has none."""
    loss: float
    """Log loss in nats an item. Of answers in words that no training scores, 1 minus token F1; of
    numbers the mean squared error, as a share of the training targets' variance. Of spans nats a
    word, or 1 minus micro F1 where words have no probabilities."""
    items: float
    """Items of equal weight that tell as much: simply the items where they have no weights."""
    error: float | None = None
    """The score's standard error; None where it is that of a share of the items."""
    better: Better = "higher"
    """Which scores are better. The metric itself stays behind: devices that learn together send
    this to each other, and a metric's formula is code."""
    by: str | None = None
    """What the score is; None for the deciding metric."""

    @property
    def gain(self) -> float | None:
        """The score, or its negative where less is better."""
        return None if self.score is None else gain(self.better, self.score)

    def outscores(self, other: HeldOut, by: float = 0.0) -> bool:
        """Whether its score is better by `by`, and by what one item can make, or more; by less they
        are equal."""
        own, others = self.gain, other.gain
        if own is None or others is None:
            return False
        gap = own - others
        least = max(by, 1.0 / self.items if self.error is None else 0.0)
        return gap > least or math.isclose(gap, least)

    def beats(self, other: HeldOut | None, by: float = 0.0) -> bool:
        """Whether it has the better score; of scores that are equal or nearer than `by`, and
        without any, the lower loss."""
        if other is None or self.outscores(other, by):
            return True
        if other.outscores(self, by):
            return False
        return self.loss < other.loss or (math.isnan(other.loss) and not math.isnan(self.loss))


def standard_error(held: HeldOut | None) -> float:
    """Of a score between 0 and 1, as if it were a share of the items, unless it has its own; 0
    where there is none. One of it is what Breiman et al. 1984, Classification and Regression Trees,
    section 3.4.3, take for no difference."""
    if held is None or held.score is None:
        return 0.0
    if held.error is not None:
        return held.error
    share = min(1.0, max(0.0, held.score))
    return math.sqrt(share * (1.0 - share) / held.items)


def mean(several: Sequence[HeldOut]) -> HeldOut:
    """Of evaluations on the same items; without a score where one has none."""
    scores = [held.score for held in several if held.score is not None]
    return HeldOut(float(np.mean(scores)) if len(scores) == len(several) else None,
                   float(np.mean([held.loss for held in several])), several[-1].items,
                   several[-1].error, several[-1].better, several[-1].by)
