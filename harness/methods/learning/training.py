"""What a training used and saw."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from harness.methods.learning.validated import HeldOut

Stopped = Literal["no training", "patience", "budget"]


@dataclass
class CurvePoint:
    """Losses in nats an item. The validation loss is that of the class probabilities, the score the
    deciding metric."""

    step: int
    epoch: float
    train_loss: float
    validation_loss: float | None = None
    validation_score: float | None = None
    seconds: float = 0.0
    """Of the step, without a look at validation."""
    tokens: int = 0
    """Of the training examples that it stepped over."""


@dataclass
class Training:
    """What a training loop used and saw."""

    curve: list[CurvePoint] = field(default_factory=list)
    steps: int = 0
    epochs: float = 0.0
    best_step: int = 0
    """Steps that had made the weights that are kept."""
    stopped: Stopped = "budget"
    still_improving: bool = False
    """The steps ended before improvement did."""
    held: HeldOut | None = None
    """What validation says of the weights that are kept."""
    examples: int = 0
    """That were stepped over, each as often."""
    tokens: int = 0
    flops: float = 0.0
    """Forward and backward: torch's FLOP counter on the first step, scaled by tokens; on the second
    epoch's first step, too, where later epochs begin with states that the first one kept."""
    micro_batch: int = 0
    taught: int | None = None
    """Training items that a pass goes through, where others teach the method nothing."""
    notes: list[str] = field(default_factory=list)
