"""Whether the test items can show the difference that matters."""

from __future__ import annotations

import math
from collections.abc import Iterator

from scipy.optimize import brentq
from scipy.stats import norm

from harness.check.finding import Finding
from harness.tasks.splits import Splits

LEVEL, POWER = 0.95, 0.8
DISAGREE = 0.2
"""Share of the items on which one of two methods is right and the other wrong: an assumption
before there are results; 0.1 to 0.3 is common between tuned models."""


def check_power(splits: Splits, matters: float, methods: int) -> Iterator[Finding]:
    """Whether the smallest difference in accuracy that would be found is one that matters."""
    items, groups = len(splits.test), len({e.document or e.group for e in splits.test})
    comparisons = max(1, methods * (methods - 1) // 2)
    best, worst = detectable(items, comparisons), detectable(groups, comparisons)
    alike = "" if groups == items else (
        f", or {_shown(worst)} where the items of a group are alike ({groups:,} groups)")
    if best > matters:
        yield Finding(
            severity="warning", check="power", count=items,
            found=f"{items:,} test items show {_shown(best)}{alike}; {100 * matters:g} matter to "
                  "you",
            suggestion=f"For {100 * matters:g} points some {needed(matters, comparisons):,} items "
                       f"are needed: 80% power, {comparisons} comparisons, methods that disagree "
                       f"on {DISAGREE:.0%} of the items.")


def _shown(smallest: float) -> str:
    """The differences that would be found, where the smallest of them is this."""
    if smallest >= DISAGREE:
        return f"no difference in accuracy of up to {100 * DISAGREE:.0f} points"
    return f"differences in accuracy from {100 * smallest:.1f} points on"


def needed(difference: float, comparisons: int) -> int:
    """Items of a paired comparison that find a difference in accuracy with 80% power."""
    return math.ceil(_items(difference, comparisons))


def detectable(items: int, comparisons: int) -> float:
    """The smallest difference in accuracy that so many items find; `DISAGREE` where they find none
    that methods can have."""
    if _items(DISAGREE, comparisons) > items:
        return DISAGREE
    return float(brentq(lambda difference: _items(difference, comparisons) - items, 1e-6,
                        DISAGREE))


def _items(difference: float, comparisons: int) -> float:
    """Connor, Biometrics 43, 1987, for McNemar's test, at a Bonferroni level, Holm's strictest."""
    alpha = float(norm.ppf(1 - (1 - LEVEL) / (2 * comparisons)))
    beta = float(norm.ppf(POWER))
    spread = math.sqrt(max(0.0, DISAGREE - difference**2))
    return ((alpha * math.sqrt(DISAGREE) + beta * spread) / difference) ** 2
