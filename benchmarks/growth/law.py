"""Power laws through measured points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import linregress, t

LEVEL = 0.95


@dataclass(frozen=True)
class Law:
    """y = factor x^exponent, with the exponent's 95% interval.

    `spread` is the standard deviation of log y about the line.
    """

    exponent: float
    low: float
    high: float
    factor: float
    points: int
    spread: float
    centre: float
    """Mean of log x."""
    width: float
    """Sum of squares of log x about its mean."""

    def at(self, x: float) -> tuple[float, float, float]:
        """What to expect at x, and the 95% interval of one more measurement there, if the line goes
        on that far."""
        away = float(np.log(x)) - self.centre
        error = self.spread * np.sqrt(1 + 1 / self.points + away**2 / self.width)
        middle = self.factor * x**self.exponent
        wide = float(np.exp(t.ppf((1 + LEVEL) / 2, self.points - 2) * error))
        return middle, middle / wide, middle * wide


def law(x: Sequence[float], y: Sequence[float]) -> Law:
    """Least squares on logarithms, of at least three positive points."""
    log_x, log_y = np.log(x), np.log(y)
    line = linregress(log_x, log_y)
    rest = log_y - line.intercept - line.slope * log_x
    wide = float(t.ppf((1 + LEVEL) / 2, len(x) - 2)) * line.stderr
    return Law(float(line.slope), float(line.slope - wide), float(line.slope + wide),
               float(np.exp(line.intercept)), len(x),
               float(np.sqrt((rest**2).sum() / (len(x) - 2))), float(log_x.mean()),
               float(((log_x - log_x.mean())**2).sum()))
