"""The smallest difference that a study is likely to tell apart, before it has a result."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from harness.check.found import smallest_found
from harness.check.power import DISAGREE, LEVEL, pairs_of
from harness.study.planning.plan import Plan
from harness.targets.kinds import KINDS
from harness.tasks.spread import spreads

DRAWN = 0.025
"""Standard deviation of a method's figure over draws of training items and seeds: an assumption
before there are results. It is the root mean square over the twelve methods of the published study
of `legal`, each at 200 training items."""


@cache
def smallest(items: float, draws: int, methods: int, random: int) -> float:
    """The difference in the deciding metric that two methods' comparison finds in 80% of studies at
    the family's 5%, Bonferroni's over all pairs of `methods`.

    `items` is the part of its variance that test items have (`of_items`), taken as known. The
    results of `random` of the methods hang on what was drawn: their draws have the other part,
    known as well as all of them together tell it (`compare.kin`). One draw then finds nothing.
    """
    level = 1 - (1 - LEVEL) / pairs_of(methods)
    if random and draws < 2:
        return math.inf
    drawn, freedom = DRAWN**2 / draws * bool(random), random * (draws - 1)
    return float(smallest_found(np.array([[items, drawn, drawn]]),
                                np.array([[math.inf, freedom, freedom]]), level)[0])


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
