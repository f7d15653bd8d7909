"""Costs, as sums of seconds, FLOPs and kernels."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from operator import add


@dataclass(frozen=True)
class Cost:
    """What some work costs. Costs add up."""

    fixed: float = 0.0
    """Seconds of this machine's processor and disk: starting, reading, writing."""
    computing: float = 0.0
    """Seconds in the model, on this machine's device."""
    flops: float = 0.0
    operations: float = 0.0
    """Kernels started."""

    @property
    def seconds(self) -> float:
        """On this machine."""
        return self.fixed + self.computing

    def __add__(self, other: Cost) -> Cost:
        return Cost(*map(add, astuple(self), astuple(other)))

    def times(self, factor: float) -> Cost:
        """The same, so many times."""
        return Cost(*(number * factor for number in astuple(self)))


@dataclass(frozen=True)
class RunCost:
    """What one run costs, and what is done with it once it is finished."""

    adapt: Cost
    """All settings that are tried, as the run's record will have it (`shared_seconds`)."""
    results: Cost
    """Its process, its answers, and its record."""
    forgetting: Cost
    latency: Cost
    training_flops: float
    """Forward and backward of all trials, as the run's record will have it."""
    memory: float
    """Peak bytes of its tensors, weights included; libraries apart."""

    @property
    def whole(self) -> Cost:
        """All of it."""
        return self.adapt + self.results + self.forgetting + self.latency
