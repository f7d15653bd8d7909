"""What a script takes to answer, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Answered:
    """Seconds from nothing loaded to the last answer; the class of each item asked."""

    seconds: float
    predicted: np.ndarray
