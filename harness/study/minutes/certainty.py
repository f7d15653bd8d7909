"""The smallest difference that a study is likely to tell apart, before it has a result."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, norm, t

from harness.check.power import DISAGREE, LEVEL, POWER, pairs_of
from harness.study.planning.plan import Plan
from harness.targets.kinds import KINDS
from harness.tasks.spread import spreads

DRAWN = 0.025
"""Standard deviation of a method's figure over draws of training items and seeds: an assumption
before there are results. It is the root mean square over the twelve methods of the published study
of `legal`, each at 200 training items."""

POINTS = 24
"""Of a method's variance over draws that are looked at."""


@cache
def smallest(items: float, draws: int, methods: int, random: bool) -> float:
    """The difference in the deciding metric that two methods' comparison finds in 80% of studies at
    the family's 5%, Bonferroni's over all pairs of `methods`.

    `items` is the part of its variance that test items have (`of_items`), taken as known. Where
    results hang on what was drawn (`random`), each method's draws have theirs, estimated from
    themselves, and the error has Satterthwaite's freedom (Biometrics Bulletin 2, 1946), as
    `compare.pairs` has it. One draw then finds nothing.
    """
    level = 1 - (1 - LEVEL) / (2 * pairs_of(methods))
    if not random:
        return float(norm.ppf(level) + norm.ppf(POWER)) * math.sqrt(items)
    if draws < 2:
        return math.inf
    threshold = _thresholds(items, DRAWN**2 / draws, draws - 1, level)
    error = math.sqrt(items + 2 * DRAWN**2 / draws)

    def missed(difference: float) -> float:
        return POWER - float(norm.cdf((difference - threshold) / error).mean())

    return float(brentq(missed, 0.0, float(threshold.max()) + 3 * error))


def _thresholds(items: float, each: float, freedom: int, level: float) -> np.ndarray:
    """Beyond which a difference is told apart, over what two methods' draws may show for their
    variance `each`: at even distances in the probability of the two, [points]."""
    shares = (np.arange(POINTS) + 0.5) / POINTS
    shown = each * chi2.ppf(shares, freedom) / freedom
    one, other = (part.ravel() for part in np.meshgrid(shown, shown))
    total = items + one + other
    degrees = freedom * total**2 / (one**2 + other**2)
    return np.asarray(t.ppf(level, degrees) * np.sqrt(total))


def of_items(plan: Plan, test: int) -> float:
    """Variance of a difference on so many test items of the suite's own budget, where two methods
    disagree on `DISAGREE` of the items and a group's items are alike. A mean over classes has the
    mean of theirs."""
    suite = plan.loaded.suite
    drawn = plan.sample(suite.budget.model_copy(update={"test": test}))
    worth = {row.label: row.there.effective
             for row in spreads(drawn, drawn, plan.task.labels) if row.part == "test"}
    whole = worth.pop(None)
    if not KINDS[suite.task.kind].metric(suite.decide.metric).by_class:
        return DISAGREE / whole
    known = [effective for effective in worth.values() if effective]
    return DISAGREE * sum(1 / effective for effective in known) / len(known) ** 2
