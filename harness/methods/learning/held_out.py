"""What validation says of one fit, and which of two is better: by the suite's deciding metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.methods.link import Link
from harness.targets.metric import Metric
from harness.targets.metrics import LOG_LOSS
from harness.tasks.answers import SCORES
from harness.tasks.examples import Example, indicator, weights_of
from harness.tasks.spread import worth
from harness.tasks.wording import Wording


@dataclass(frozen=True)
class HeldOut:
    """Figures on the validation items."""

    score: float | None
    """The deciding metric; None where it is not defined on them, or a suite has none."""
    loss: float
    """Log loss in nats an item. Of answers in words that no training scores, 1 minus token F1."""
    items: float
    """Items of equal weight that tell as much: simply the items where they have no weights."""

    def outscores(self, other: HeldOut, by: float = 0.0) -> bool:
        """Whether its score is higher by `by`, and by what one item can make, or more; by less they
        are equal."""
        if self.score is None or other.score is None:
            return False
        gap, least = self.score - other.score, max(by, 1.0 / self.items)
        return gap > least or math.isclose(gap, least)

    def beats(self, other: HeldOut | None, by: float = 0.0) -> bool:
        """Whether it has the higher score; of scores that are equal or nearer than `by`, and
        without any, the lower loss."""
        if other is None or self.outscores(other, by):
            return True
        if other.outscores(self, by):
            return False
        return self.loss < other.loss or (math.isnan(other.loss) and not math.isnan(self.loss))


def of_classes(link: Link, probabilities: np.ndarray, examples: Sequence[Example],
               metric: Metric | None) -> HeldOut:
    """Figures of `probabilities` [items, classes], by the items' weights, as test items' are; where
    one is not finite the loss is NaN."""
    if not np.isfinite(probabilities).all():
        return HeldOut(None, math.nan, worth(examples))
    weights = weights_of(examples)
    run = link.marked(probabilities, indicator(examples, probabilities.shape[1]), weights)
    score = None if metric is None else metric.of(run, weights)
    return HeldOut(score, LOG_LOSS.of(run, weights) or 0.0, worth(examples))


def in_words(answers: Sequence[str], examples: Sequence[Example], wording: Wording,
             metric: Metric | None, loss: float | None = None) -> HeldOut:
    """Figures of answers [items]; `loss` is that of the first references, where it is known."""
    if loss is None:
        loss = 1.0 - _mean("token_f1", answers, examples, wording)
    score = None if metric is None else _mean(metric.name, answers, examples, wording)
    return HeldOut(score, loss, worth(examples))


def _mean(metric: str, answers: Sequence[str], examples: Sequence[Example], wording: Wording
          ) -> float:
    return mean_of([SCORES[metric](answer, example.references, wording)
                    for answer, example in zip(answers, examples, strict=True)], examples)


def mean_of(values: Sequence[float] | np.ndarray, examples: Sequence[Example]) -> float:
    """Of what each item has, [items], by the items' weights."""
    return float(np.average(values, weights=weights_of(examples)))


def standard_error(held: HeldOut | None) -> float:
    """Of a score between 0 and 1, as if it were a share of the items; 0 where there is none. One
    of it is what Breiman et al. 1984, Classification and Regression Trees, section 3.4.3, take for
    no difference."""
    if held is None or held.score is None:
        return 0.0
    share = min(1.0, max(0.0, held.score))
    return math.sqrt(share * (1.0 - share) / held.items)


def mean(several: Sequence[HeldOut]) -> HeldOut:
    """Of evaluations on the same items; without a score where one has none."""
    scores = [held.score for held in several if held.score is not None]
    return HeldOut(float(np.mean(scores)) if len(scores) == len(several) else None,
                   float(np.mean([held.loss for held in several])), several[-1].items)
