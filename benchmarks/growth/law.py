"""Power laws through measured points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import linregress, t

LEVEL = 0.95


@dataclass(frozen=True)
class Law:
    """y grows as x to the exponent; with the exponent's 95% interval."""

    exponent: float
    low: float
    high: float


def law(x: Sequence[float], y: Sequence[float]) -> Law:
    """Least squares on logarithms, of at least three positive points."""
    line = linregress(np.log(x), np.log(y))
    wide = float(t.ppf((1 + LEVEL) / 2, len(x) - 2)) * line.stderr
    return Law(float(line.slope), float(line.slope - wide), float(line.slope + wide))
