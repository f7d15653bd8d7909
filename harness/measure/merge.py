"""What changed when an adapter's update was merged into the weights."""

from __future__ import annotations

import numpy as np
from pydantic import Field
from scipy.stats import binomtest

from harness.measure.part import RecordPart

UNSURE = 0.05


class Merge(RecordPart):
    """The test items answered again by the merged model, beside the answers of the adapter apart.

    `p_value` is of the exact sign test on items that are answered better by one than by the other
    (McNemar's exact test where an answer is right or wrong).
    """

    reason: str | None = None
    """Why it cannot be merged; None where it was."""
    items: int = Field(0, ge=0)
    changed: int = Field(0, ge=0)
    """Items whose answer is another."""
    largest: float | None = None
    """Largest change of a probability; None where there are none."""
    better: int = Field(0, ge=0)
    worse: int = Field(0, ge=0)
    p_value: float | None = None
    metric: str = ""
    before: float | None = None
    after: float | None = None
    """By the deciding metric."""


def sign_test(before: np.ndarray, after: np.ndarray) -> tuple[int, int, float]:
    """How many items, by how well they are answered [items], are answered better and worse, and
    the exact two-sided p that either is as likely (Conover 1999, Practical Nonparametric
    Statistics, section 3.4)."""
    better, worse = int((after > before).sum()), int((after < before).sum())
    both = better + worse
    return better, worse, float(binomtest(better, both).pvalue) if both else 1.0
