"""The budget that tells most within so many minutes, the same for all methods.

The suite's profile says what is asked: which methods, learning from how many items, by which
recipes. Minutes buy test items and draws: of these two the pair that finds the smallest
difference. As many methods take part as fit with the smallest useful budget.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from harness.common.errors import HarnessError
from harness.methods.resolve import resolve
from harness.study.estimate.estimate import Estimate, costs_of
from harness.study.identity import arm_name
from harness.study.minutes.bought import Bought, Buys, LeftOut
from harness.study.minutes.certainty import of_items, smallest
from harness.study.planning.plan import Plan, PlannedRun
from harness.suite import BudgetChange, LoadedSuite, Suite, methods_of

LEAST_TEST = 100
"""Test items of the smallest useful budget, as far as there are any."""
DRAWS = 2
"""Of the smallest useful budget: one says nothing of how unlike draws are."""
MOST_DRAWS = 20
LITTLE = 0.01
"""Of a difference: what is told by less more is not paid for."""
STEP = 1.25
"""Between the numbers of test items that are looked at."""
AROUND = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Of the minutes asked for, those of the curve."""

Names = frozenset[str]


def even(loaded: LoadedSuite) -> LoadedSuite:
    """The suite with one budget for all backbones, and the first draw and another. A backbone keeps
    its batch and its window, which say how it computes, not what it learns from."""
    suite = loaded.suite
    backbones = {
        name: spec.model_copy(update={"budget": BudgetChange.model_validate(
            spec.budget.model_dump(include={"batch", "max_length"}, exclude_unset=True))})
        for name, spec in suite.backbones.items()}
    budget = suite.budget.model_copy(update={"seeds": 2})
    return dataclasses.replace(loaded, suite=suite.model_copy(update={
        "backbones": backbones, "budget": budget}))


def by(loaded: LoadedSuite, bought: Bought, draws: int) -> LoadedSuite:
    """The suite as it is run: what was bought of it, with so many draws."""
    whole = even(loaded)
    suite = _without(whole, {out.name for out in bought.left_out})
    budget = suite.budget.model_copy(update={"seeds": draws, "test": bought.buys.test})
    return dataclasses.replace(whole, suite=suite.model_copy(update={"budget": budget}))


def staying(plan: Plan, left: Mapping[str, int]) -> Plan:
    """A plan without the draws that methods do not take part in: by name, how many they do."""
    return dataclasses.replace(plan, runs=tuple(
        run for run in plan.runs
        if run.identity.seed < left.get(run.identity.name, math.inf)))


def choose(plan: Plan, expected: Estimate, minutes: float, left: float) -> Bought:
    """What the minutes buy, of which `left` seconds are left to run in; `plan` is of the suite made
    even. Raises HarnessError where fewer than two methods fit."""
    if left <= 0:
        raise plan.loaded.error((), f"{minutes:g} minutes went by while this machine was measured",
                                "Give more minutes, or run when it has less to do.")
    market = Market(plan, expected)
    names = market.fitting(left)
    if len(names & market.ranked) < 2:
        raise market.too_few(minutes)
    curve = [market.buys(minutes * around, left * around) for around in AROUND if around != 1.0]
    return Bought(
        minutes=minutes, given=minutes, buys=market.most(names, minutes, left),
        left_out=tuple(market.left_out(names)),
        curve=tuple(point for point in curve if point is not None))


def gains(plan: Plan, bought: Bought) -> bool:
    """Whether one more draw than are done tells more of the methods of a plan, and not just a
    little."""
    ranked = {run.identity.name: run.identity.random for run in plan.runs
              if not run.beside and run.identity.name not in bought.left}
    random = sum(ranked.values())
    if not random or len(ranked) < 2 or bought.draws >= MOST_DRAWS:
        return False
    items = of_items(plan, bought.buys.test)
    now, then = (smallest(items, draws, len(ranked), random)
                 for draws in (bought.draws, bought.draws + 1))
    return then * (1 + LITTLE) < now


@dataclass(frozen=True)
class Market:
    """What everything costs, and what it tells."""

    plan: Plan
    expected: Estimate

    def named(self, are: Callable[[PlannedRun], bool]) -> Names:
        """The methods that have a run that is so."""
        return frozenset(run.identity.name for run in self.plan.runs if are(run))

    @cached_property
    def ranked(self) -> Names:
        """The methods of the suite's own budget."""
        return self.named(lambda run: not run.beside)

    @cached_property
    def random(self) -> Names:
        """Those whose results hang on the seed or the draw."""
        return self.named(lambda run: run.identity.random)

    @cached_property
    def floors(self) -> Names:
        """Those that the others are held against."""
        return self.named(lambda run: run.identity.family == "floor")

    @cached_property
    def reasons(self) -> Mapping[str, str]:
        """Why a method's cost could not be measured."""
        return {run.identity.name: self.expected.unknown[run.run_id] for run in self.plan.runs
                if run.run_id in self.expected.unknown}

    @cached_property
    def known(self) -> Names:
        """Those whose cost could be measured, and that of what they stand on."""
        return self.named(lambda run: self.reasons.keys().isdisjoint(
            self.with_inner(run.identity.name)))

    @cached_property
    def alone(self) -> Mapping[str, float]:
        """Seconds of the smallest useful budget of each, with what it stands on."""
        return {name: self.least(self.with_inner(name)) for name in self.known}

    @cached_property
    def inner(self) -> Mapping[str, Names]:
        """Of a method that stands on others, these."""
        by_id = {run.run_id: run.identity.name for run in self.plan.runs}
        return {run.identity.name: frozenset(
                    by_id[i] for i in (run.identity.inner, run.identity.retriever) if i is not None)
                for run in self.plan.runs}

    def with_inner(self, name: str) -> Names:
        """A method, and what it stands on."""
        return frozenset({name, *self.inner.get(name, ())})

    @cached_property
    def ladder(self) -> tuple[int, ...]:
        """Numbers of test items, from the fewest that are useful to all there are."""
        most = len(self.plan.task.splits.test)
        steps = [LEAST_TEST * STEP**n for n in range(64)]
        return (*(round(step) for step in steps if step < most), most)

    @cached_property
    def items(self) -> Mapping[int, float]:
        """Variance of a difference by the number of test items."""
        return {test: of_items(self.plan, test) for test in self.ladder}

    def seconds(self, names: Names, test: int) -> tuple[float, float]:
        """Of the first draw, in which settings are tried, and of each other one."""
        runs = [run for run in self.plan.runs if run.identity.name in names]
        costs = costs_of({run.run_id: self.expected.works[run.run_id].asked(test)
                          for run in runs}, self.expected.units.costs)
        by_draw = [0.0, 0.0]
        for run in runs:
            by_draw[run.identity.seed > 0] += costs[run.run_id].whole.seconds
        return by_draw[0], by_draw[1]

    def least(self, names: Names) -> float:
        """Seconds of the smallest useful budget."""
        first, later = self.seconds(names, self.ladder[0])
        return first + (DRAWS - 1) * later

    def fitting(self, seconds: float) -> Names:
        """As many methods as fit, and of as many those that leave least time over: the dearest go
        until the rest fits, and come back in the place of cheaper ones where that fits, too; not in
        that of a floor, which all others are held against."""
        names, cost = self.known, self.alone
        while names and self.least(names) > seconds:
            names = self.without(names, max(names, key=lambda name: (cost[name], name)))
        for back in sorted(self.known - names, key=lambda name: (-cost[name], name)):
            for cheaper in sorted(names - self.floors, key=lambda name: (cost[name], name)):
                swapped = self.without(names, cheaper) | self.with_inner(back)
                if (cost[cheaper] < cost[back] and len(swapped) >= len(names)
                        and self.least(swapped) <= seconds):
                    names = swapped
                    break
        return names

    def without(self, names: Names, name: str) -> Names:
        """The methods without one, and without what stands on it."""
        return frozenset(other for other in names if name not in self.with_inner(other))

    def most(self, names: Names, minutes: float, seconds: float) -> Buys:
        """Of all numbers of test items and draws that fit, the two that find the smallest
        difference; the cheapest of those that do so but for `LITTLE`."""
        ranked = names & self.ranked
        random = len(self.random & ranked)
        found = [(smallest(self.items[test], draws, len(ranked), random), spent, test, draws)
                 for test, draws, spent in self._affordable(names, seconds)]
        least = min(difference for difference, *_ in found)
        _, difference, test, draws = min(
            (spent, difference, test, draws) for difference, spent, test, draws in found
            if difference <= least * (1 + LITTLE))
        return Buys(minutes=minutes, test=test, draws=draws, methods=len(ranked),
                    difference=difference if math.isfinite(difference) else None)

    def buys(self, minutes: float, seconds: float) -> Buys | None:
        """What other minutes would buy; None where that is no comparison."""
        names = self.fitting(seconds)
        return self.most(names, minutes, seconds) if len(names & self.ranked) > 1 else None

    def left_out(self, names: Names) -> Iterator[LeftOut]:
        """The methods that are not bought, as the suite lists them."""
        for name in dict.fromkeys(run.identity.name for run in self.plan.runs):
            if name in self.known - names:
                yield LeftOut(name=name, minutes=self.alone[name] / 60)
            elif name not in names:
                reason = next(self.reasons[n] for n in self.with_inner(name) if n in self.reasons)
                yield LeftOut(name=name, minutes=None, reason=reason)

    def too_few(self, minutes: float) -> HarnessError:
        """The refusal of minutes that buy no comparison."""
        cheapest = sorted(self.alone[name] for name in self.known & self.ranked)
        needed = f"two methods take {sum(cheapest[:2]) / 60:.1f}" if cheapest else (
            "no method's cost could be measured")
        return self.plan.loaded.error((), f"{minutes:g} minutes buy no comparison: {needed}",
                                      "Give more minutes.")

    def _affordable(self, names: Names, seconds: float) -> Iterator[tuple[int, int, float]]:
        for test in self.ladder:
            first, later = self.seconds(names, test)
            for draws in range(DRAWS, MOST_DRAWS + 1):
                spent = first + (draws - 1) * later
                if spent <= seconds:
                    yield test, draws, spent


def _without(loaded: LoadedSuite, names: set[str]) -> Suite:
    """The suite without these methods, and without backbones that have none left."""
    suite, backbones = loaded.suite, {}
    left = {location for (_, location, _), entry in zip(
        methods_of(suite), resolve(loaded), strict=True)
        if arm_name(entry.label, entry.backbone) not in names}
    for name, spec in suite.backbones.items():
        methods = tuple(choice for i, choice in enumerate(spec.methods)
                        if ("backbones", name, "methods", i) in left)
        if methods:
            backbones[name] = spec.model_copy(update={"methods": methods})
    own = tuple(choice for i, choice in enumerate(suite.methods) if ("methods", i) in left)
    return suite.model_copy(update={"methods": own, "backbones": backbones})
