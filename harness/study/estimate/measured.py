"""What was measured of a backbone under a method, and what it says of passes of other sizes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from harness.study.estimate.arithmetic import Arithmetic, Flops, Reading


@dataclass(frozen=True)
class Pass:
    """One pass: seconds, the most bytes of its own tensors alive at once, kernels started."""

    reading: Reading
    seconds: float
    bytes: float
    operations: float


@dataclass(frozen=True)
class Line:
    """Passes of two sizes, the smaller first: between and beyond them on a straight line."""

    small: Pass
    large: Pass

    def seconds(self, reading: Reading, flops: Flops) -> float:
        """What some passes take: so much a pass, and so much a FLOP."""
        a, b = flops.of(self.small.reading), flops.of(self.large.reading)
        slope, start = _line(a, self.small.seconds, b, self.large.seconds)
        return start * reading.passes + slope * flops.of(reading)

    def bytes(self, reading: Reading) -> float:
        """The peak of one pass, by the positions that it holds."""
        slope, start = _line(self.small.reading.keys, self.small.bytes,
                             self.large.reading.keys, self.large.bytes)
        return start + slope * reading.keys


@dataclass(frozen=True)
class Measured:
    """A backbone under a method: its arithmetic, and seconds and bytes of its parts.

    `training` is None where nothing learns. No pass's bytes hold weights or gradients.
    """

    arithmetic: Arithmetic
    load: float
    """Seconds to read the weights and prepare the method."""
    answering: Line
    training: Line | None
    again: Line | None
    """Training on items whose states below what learns are kept; as `training` where none are."""
    kept: float
    """Bytes of such a state, one a token; 0 for a method that keeps none."""
    step: float
    """Seconds of an optimizer step beside its passes."""
    others: float
    """Share of the processor that other programs used meanwhile."""


@dataclass(frozen=True)
class Asked:
    """General items put to a backbone: all of them, or a few to measure with."""

    items: float
    start: float
    """Seconds before the first model is asked."""
    seconds: float
    """To ask one model."""
    flops: float
    operations: float
    others: float


def deeper(few: Any, more: Any, share: float) -> Any:
    """What was measured at two depths, carried on along a straight line.

    `share` is the number of blocks beyond the second depth over those between the two.
    """
    if dataclasses.is_dataclass(more) and not isinstance(more, type):
        return type(more)(**{field.name: deeper(getattr(few, field.name),
                                                getattr(more, field.name), share)
                             for field in dataclasses.fields(more)})
    return None if more is None else more + max(0.0, (more - few) * share)


def _line(a: float, at_a: float, b: float, at_b: float) -> tuple[float, float]:
    """Slope and start; through the origin where the smaller one took as long."""
    slope = (at_b - at_a) / (b - a) if b > a else -1.0
    start = at_a - slope * a
    return (slope, start) if slope > 0 and start >= 0 else (at_b / max(b, 1.0), 0.0)
