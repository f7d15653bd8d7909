"""Which of the weights that a training passes through are kept, and when it has waited enough."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import nn

from harness.methods.learning.aside import Aside
from harness.methods.learning.validated import HeldOut, mean, standard_error

SMALL = 500
"""Validation items of equal weight below which one look says more of luck than of the weights: at
an accuracy of 0.7 its standard error is then above 0.02."""
WINDOW = 3
"""Looks, the last and those before it, whose mean stands for the last one where items are few."""


@dataclass
class Best:
    """The best that validation has said so far, and the weights it said it of."""

    heard: list[HeldOut] = field(default_factory=list)
    found: HeldOut | None = None
    """Of the weights that are kept: a mean over looks where validation is small."""
    step: int = 0
    """Steps that had made them."""
    anchor: HeldOut | None = None
    """What the last look that was better by more than luck said."""
    waited: int = 0
    """Looks since that one."""
    aside: Aside | None = None
    """A copy of them; None while they are those in place."""

    def hear(self, held: HeldOut, step: int, model: Any, last: bool) -> None:
        """Take in what a look at validation after `step` steps said. After the last one the weights
        in place need no copy."""
        self.heard.append(held)
        said = mean(self.heard[-WINDOW:]) if held.items < SMALL else held
        self._wait(said)
        if not said.beats(self.found):
            return
        self.found, self.step = said, step
        self.aside = None if last else self.aside or Aside()
        if self.aside is not None:
            self.aside.put(model)

    def _wait(self, said: HeldOut) -> None:
        """Steps that gain less than one standard error do not count as gains, unless they add up to
        one: among so many looks some are higher by luck."""
        if said.beats(self.anchor, standard_error(self.anchor)):
            self.anchor, self.waited = said, 0
        else:
            self.waited += 1

    def restore(self, model: nn.Module) -> None:
        """Put the weights that are kept in place."""
        if self.aside is not None:
            self.aside.bring_back(model)
        model.eval()
