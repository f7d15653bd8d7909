"""How long a training lasts, when it looks at validation, and how large its steps are.

Warm-up, a constant rate, and a cool-down that begins where improvement stops, or else in time to
end with the budget (Hägele et al. 2024, Scaling Laws and Compute-Optimal Training Beyond Fixed
Training Durations, section 3): wherever training ends is the schedule's end. A decay to an end that
is fixed before would leave a run that stops early half-way down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.methods.learning.rates import WARMUP
from harness.suite import Budget

COOLING = 0.2
"""Share of all steps; that paper's section 3 finds a fifth as good as more."""
LOOKS = 20
"""At validation in one training, at the most, beside the one at its end."""


@dataclass(frozen=True)
class Course:
    """How training items are gone through, at the most."""

    epochs: float
    readings: int = 1
    """Texts that an epoch reads for each item."""
    texts: int = 1
    """Texts of a batch for each item that the budget gives it."""

    def steps(self, items: int, batch: int) -> int:
        """The most steps that it takes."""
        return round(self.epochs * math.ceil(items * self.readings / (batch * self.texts)))


@dataclass(frozen=True)
class Schedule:
    """A training under a budget. Steps are counted from 0 where they are taken, and from 1 where
    they are done."""

    per_pass: int
    """Steps in a pass over the training examples."""
    most: int
    """Steps that the budget allows: its passes, and where examples are few as many more passes as
    its least number of steps takes (Mosbach et al. 2021, On the Stability of Fine-tuning BERT,
    section 6; Zhang et al. 2021, Revisiting Few-sample BERT Fine-tuning, section 5)."""
    warmup: float = WARMUP
    """Share of the most steps there can be in which the rate rises."""

    @property
    def passes(self) -> float:
        """The most there can be."""
        return self.most / self.per_pass

    @property
    def every(self) -> int:
        """Steps from one look at validation to the next: a pass, or more where a pass is short."""
        return max(self.per_pass, math.ceil(self.most / LOOKS))

    @property
    def looks(self) -> int:
        """At validation, the one at the end among them."""
        return math.ceil(self.most / self.every)

    @property
    def constant(self) -> int:
        """Steps done when cooling down begins at the latest."""
        return self.most - math.floor(COOLING * self.most)

    def end(self, done: int) -> int:
        """Where a training ends whose cool-down begins after `done` steps."""
        return min(self.most, done + math.ceil(COOLING / (1 - COOLING) * done))

    def rate(self, step: int, cools: int | None) -> float:
        """Share of the learning rate at a step, where cooling down began at step `cools` (None: not
        yet): up over the warm-up, level, then down by 1 minus the square root of the way (section
        4 of Hägele et al.). No step has a rate of zero, or a short training would waste one."""
        warmup = max(1, math.ceil(self.warmup * self.most))
        if cools is None or step < cools:
            return min(1.0, (step + 1) / warmup)
        way = (step - cools + 1) / (self.end(cools) - cools + 1)
        return min(1.0, cools / warmup) * (1 - math.sqrt(way))


def schedule_of(items: int, budget: Budget, warmup: float = WARMUP) -> Schedule:
    """Of a training on so many items."""
    per_pass = math.ceil(items / budget.batch)
    return Schedule(per_pass, max(budget.epochs * per_pass, budget.steps), warmup)
