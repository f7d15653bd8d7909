"""One row a method, how each stands to the best, and what it costs."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from itertools import combinations

import numpy as np
from pydantic import Field

from harness.compare.arms import Arm, Measured
from harness.compare.economics import Rate, Step, bill, bill_of_tokens, cheapest, rate
from harness.compare.interim import FIRST, ONCE, Interim, Names, always, looks
from harness.compare.kin import Kin
from harness.compare.pairs import Difference, Pair, of_better
from harness.compare.pareto import front
from harness.compare.picked import luck
from harness.compare.row import Row, Standing, row_of
from harness.compare.rungs import differences_of, mcnemar_of
from harness.compare.uncertainty import LEVEL, Figure
from harness.measure.part import RecordPart
from harness.study.study import Study
from harness.targets.kinds import gain
from harness.targets.metric import Metric

FEW = 10


class Weighted(RecordPart):
    """What the weights of the common items cost in certainty."""

    least: float
    most: float
    items: float
    """Items of equal weight that tell as much (Kish)."""
    design_effect: float
    """The common items over these: by so much less certain."""


class Summary(RecordPart):
    """The rows, best first by the suite's metric on the common items, then ceilings, failures last.
    """

    metric: str
    common_items: int
    """Test items that every method answered."""
    answered: dict[str, int] = Field(default_factory=dict)
    """By method the test items that its figures are of, where some answered more than others."""
    groups: int
    """Groups of items that were left out as wholes."""
    effective_groups: float = 0.0
    """How many groups of equal weight the metric is a mean over."""
    weighted: Weighted | None = None
    """None where the common items count alike."""
    few_groups: dict[str, int]
    """Classes with fewer than 10 groups: their part of the error is poorly known."""
    absent: tuple[str, ...] = ()
    """Classes that no item has: macro F1 is over the others."""
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    """Every two methods with a result, in the order of the rows, on the draws that both had."""
    luck: float | None = None
    """By how much the highest figure of those that may be named is likely too high, since it was
    picked as the highest; None where errors are not known, and in older files."""
    looks: int = 0
    """At a study by minutes: differences and verdict hold over all of them, and those to come. None
    where draws were written down, and at a single one."""
    rate: Rate
    cheapest: tuple[Step, ...]
    """Among the methods that the best is not significantly better than."""


def summarise(study: Study, arms: Sequence[Arm], measured: Measured | None) -> Summary:
    """The rows of the whole budget's arms, and every pair of them."""
    metric, price = study.decide.metric, rate(study.decide.prices, _device(study))
    able = [arm for arm in arms if measured and measured.sample(arm, metric)]
    if measured is None:
        return Summary(metric=metric, common_items=0, groups=0, few_groups={}, pairs=(),
                       rate=price, cheapest=(), rows=tuple(row_of(arm, {}) for arm in arms))
    figures = {arm.name: measured.rung(arm).figures(arm) for arm in arms}
    ahead = _ahead(able, measured, metric, figures)
    able.sort(key=lambda arm: (arm.ceiling, -ahead[arm.name], arm.name))
    _lead(able)
    looked = _looks(study, able)
    pairs = _pairs(able, measured, looked)
    best = {p.second: of_better(metric, p.differences[metric]) for p in pairs
            if p.first == able[0].name}
    ceilings = {arm.name for arm in able if arm.ceiling}
    rows = [_priced(_stood(_akin(row_of(arm, figures[arm.name]), measured.kin(arm, metric)), best,
                           ceilings, study.decide.matters), price) for arm in able]
    rest = [row_of(arm, figures[arm.name]) for arm in arms if arm not in able]
    bills = [row.bill for row in rows if row.bill and row.standing not in ("lower", "ceiling")]
    return Summary(metric=metric, common_items=len(measured.items),
                   answered={arm.name: len(measured.rung(arm).items) for arm in able}
                   if measured.above else {},
                   groups=measured.pool.groups,
                   effective_groups=measured.pool.effective(measured.estimates.metrics[metric]),
                   weighted=_weighted(measured),
                   few_groups=_few_groups(measured, study.labels),
                   absent=_absent(measured, study.labels),
                   rows=(*_pareto(rows, metric), *rest), pairs=pairs,
                   luck=_luck(able, measured, metric),
                   looks=len(looked) * (looked != ONCE), rate=price, cheapest=cheapest(bills))


def _ahead(able: Sequence[Arm], measured: Measured, metric: str,
           figures: Mapping[str, Mapping[str, Figure]]) -> dict[str, float]:
    """By how much each is better than a worthless one, on the items of those that answered most: of
    one that answered fewer, by the difference to the best of these."""
    by = {arm.name: gain(metric, figures[arm.name][metric].mean) for arm in able}
    most = [arm for arm in able if measured.rungs[-1].has(arm) and not arm.ceiling]
    if measured.above is None or not most:
        return by
    best, decides = max(most, key=lambda arm: by[arm.name]), measured.estimates.metrics[metric]
    for arm in able:
        if not measured.rungs[-1].has(arm):
            gap = differences_of([best, arm], measured, decides, LEVEL, 2)
            by[arm.name] = by[best.name] - gain(metric, gap[best.name, arm.name].difference)
    return by


def _luck(able: Sequence[Arm], measured: Measured, metric: str) -> float | None:
    samples = [sample for arm in able if not arm.ceiling
               and (sample := measured.sample(arm, metric))]
    return luck(samples, gain(metric, 1.0))


def _weighted(measured: Measured) -> Weighted | None:
    weights, worth = measured.answers.weights, measured.pool.items
    if weights is None:
        return None
    return Weighted(least=float(weights.min()), most=float(weights.max()), items=worth,
                    design_effect=len(weights) / worth)


def _few_groups(measured: Measured, labels: Sequence[str]) -> dict[str, int]:
    classes = measured.pool.classes
    if classes is None:
        return {}
    absent = _absent(measured, labels)
    return {label: int(n) for label, n in zip(labels, classes.groups, strict=True)
            if n < FEW and label not in absent}


def _absent(measured: Measured, labels: Sequence[str]) -> tuple[str, ...]:
    actual = measured.answers.actual
    if actual is None:
        return ()
    lacking = np.flatnonzero(~actual.any(axis=0))
    return tuple(labels[int(place)] for place in lacking)


def _device(study: Study) -> str:
    types = [r.identity.device_type for r in study.records]
    return "cuda" if "cuda" in types else "cpu"


def _lead(able: list[Arm]) -> None:
    """Have what took part to the end stand before what left, though its fewer draws were higher."""
    most = max((arm.draws for arm in able if arm.random), default=0)
    first = next((i for i, arm in enumerate(able) if arm.draws >= most), 0)
    if able and not able[first].ceiling:
        able.insert(0, able.pop(first))


def _looks(study: Study, able: Sequence[Arm]) -> tuple[Interim, ...]:
    """One at a study whose draws were written down; else one after each."""
    if study.bought is None:
        return ONCE
    return looks(max((arm.records[-1].identity.seed + 1 for arm in able), default=1))


def _pairs(arms: Sequence[Arm], measured: Measured, looked: Sequence[Interim]) -> tuple[Pair, ...]:
    by_metric = {metric.name: always([
        (look, _differences(arms, measured, metric, look)) for look in looked])
        for metric in measured.metrics}
    names = list(combinations([arm.name for arm in arms], 2))
    items = {pair: len(measured.rung(*both).items)
             for pair, both in zip(names, combinations(arms, 2), strict=True)}
    return tuple(Pair(first=a, second=b, mcnemar=test, items=items[a, b], differences={
        metric: found[a, b] for metric, found in by_metric.items() if (a, b) in found})
        for (a, b), test in zip(names, mcnemar_of(arms, measured), strict=True))


def _differences(arms: Sequence[Arm], measured: Measured, metric: Metric, look: Interim
                 ) -> Mapping[Names, Difference]:
    """As a look has them, of the arms that were there for it: all of them at the first one."""
    then = measured.upto(look.draws)
    there = [arm.upto(look.draws) for arm in arms
             if look in (ONCE[0], FIRST) or arm.draws >= look.draws]
    of = sum(measured.sample(arm, metric.name) is not None for arm in arms)
    return differences_of(there, then, metric, look.level, of)


def _stood(row: Row, best: Mapping[str, Difference], ceilings: Container[str], matters: float
           ) -> Row:
    behind = best.get(row.name)
    standing: Standing = "undecided"
    if row.name in ceilings:
        standing = "ceiling"
    elif behind is None:
        standing = "best"
    elif behind.significant:
        standing = "lower"
    elif behind.rules_out(matters):
        standing = "tied"
    return row.model_copy(update={"behind": behind, "standing": standing})


def _akin(row: Row, kin: Kin | None) -> Row:
    return row.model_copy(update={"kin": kin.names}) if kin else row


def _priced(row: Row, price: Rate) -> Row:
    if row.served:
        return row.model_copy(update={"bill": bill_of_tokens(row.name, row.validation_money,
                                                             row.money_an_item)})
    if row.device_hours is None or not row.items_per_second:
        return row
    return row.model_copy(update={"bill": bill(row.name, row.device_hours, row.items_per_second,
                                               price)})


def _pareto(rows: Sequence[Row], metric: str) -> list[Row]:
    usable = [row for row in rows if row.standing != "ceiling"]
    kept = front([objectives(row, metric) for row in usable])
    on = {row.name for row, is_on in zip(usable, kept, strict=True) if is_on}
    return [row.model_copy(update={"pareto": row.name in on}) for row in rows]


def objectives(row: Row, metric: str) -> tuple[float, ...]:
    """Quality, latency, device-hours, forgetting and artifact size, each better when higher."""
    change = row.general_change
    costs = (row.p50_ms, row.device_hours, row.artifact_bytes)
    return (gain(metric, row.common[metric].mean), float("nan") if change is None else change,
            *(float("nan") if cost is None else -float(cost) for cost in costs))
