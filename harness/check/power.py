"""Whether the test items can show the difference that matters."""

from __future__ import annotations

import math
from collections.abc import Iterator

from scipy.optimize import brentq
from scipy.stats import norm

from harness.check.finding import Finding
from harness.check.found import POWER
from harness.targets.kinds import KINDS, TargetKind
from harness.tasks.splits import Splits
from harness.tasks.spread import spread_among, worth

LEVEL = 0.95
DISAGREE = 0.2
"""Share of the items on which one of two methods is right and the other wrong: an assumption
before there are results; 0.1 to 0.3 is common between tuned models."""


def check_enough(splits: Splits, matters: float, methods: int) -> Iterator[Finding]:
    """Whether the groups can tell anything at all."""
    there, comparisons = spread_among(splits.test), pairs_of(methods)
    if there.effective < least(comparisons):
        yield Finding(
            severity="warning", check="power", count=there.groups,
            found=f"the {there.items:,} test items are worth {there.effective:.1f} groups: so few "
                  f"tell nothing apart at 5% in {comparisons:,} comparisons, whatever was answered",
            suggestion=f"At least {least(comparisons)} groups are needed, for {100 * matters:g} "
                       f"points some {needed(matters, comparisons):,}: give data of more groups, "
                       "raise `budget: test`, or compare fewer methods.")


def check_power(splits: Splits, matters: float, methods: int,
                kind: TargetKind = KINDS["classification"], deciding: str = ""
                ) -> Iterator[Finding]:
    """The same, and whether the smallest difference in accuracy that would be found is one that
    matters, where answers are right or wrong: not of long ones, by the metric that decides."""
    few = list(check_enough(splits, matters, methods))
    if few or kind.right_of(deciding) is None:
        yield from few
    else:
        yield from _too_small(splits, matters, pairs_of(methods))


def pairs_of(methods: int) -> int:
    """Comparisons among so many methods, one at the least."""
    return max(1, methods * (methods - 1) // 2)


def _too_small(splits: Splits, matters: float, comparisons: int) -> Iterator[Finding]:
    there, alone = spread_among(splits.test), math.floor(worth(splits.test))
    items = there.items
    best, worst = (detectable(n, comparisons) for n in (alone, math.floor(there.effective)))
    alike = "" if there.groups == alone or best == worst else (
        f", or {_shown(worst)} where the items of a group are alike ({there.groups:,} groups, "
        f"worth {there.effective:.0f})")
    if (best if there.groups == alone else worst) > matters:
        yield Finding(
            severity="warning", check="power", count=items,
            found=f"{items:,} test items show {_shown(best)}{alike}; {100 * matters:g} matter to "
                  "you",
            suggestion=f"For {100 * matters:g} points some {needed(matters, comparisons):,} items "
                       f"of as many groups are needed: 80% power, {comparisons} comparisons, "
                       f"methods that disagree on {DISAGREE:.0%} of the items.")


def least(comparisons: int) -> int:
    """Groups below which no test by them finds anything at the family's 5%: with G groups, signs
    can fall in 2^G ways, so no two-sided p is below 2^(1 - G) (Canay, Romano and Shaikh 2017)."""
    return 1 + math.ceil(math.log2(comparisons / (1 - LEVEL) * (1 - 1e-12)))


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
