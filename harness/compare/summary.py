"""One row a method: its figures over seeds, how it stands to the best, what it costs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal

import numpy as np

from harness.compare.arms import Arm, Measured
from harness.compare.economics import Bill, Rate, Step, bill, bill_of_tokens, cheapest, rate
from harness.compare.kin import Kin
from harness.compare.pairs import Difference, Pair, differences, of_better
from harness.compare.pareto import front
from harness.compare.uncertainty import Figure
from harness.measure.part import RecordPart
from harness.study.record import Record
from harness.study.study import Study
from harness.targets.kinds import gain

FEW = 10
Standing = Literal["best", "lower", "tied", "undecided"]


class Weighted(RecordPart):
    """What the weights of the common items cost in certainty."""

    least: float
    most: float
    items: float
    """Items of equal weight that tell as much (Kish)."""
    design_effect: float
    """The common items over these: by so much less certain."""


class Spread(RecordPart):
    """Mean over seeds and sample standard deviation (None for a single seed)."""

    mean: float
    sd: float | None
    seeds: int


class Forgot(RecordPart):
    """What a method's runs forgot, over seeds. All None but `changed` where nothing changed."""

    changed: bool
    difference: Spread | None = None
    """Mean difference on the general benchmarks, in shares of items; below 0 is forgotten."""
    low: float | None = None
    high: float | None = None
    """Means over seeds of the ends of the 95% interval over items."""
    drift: Spread | None = None
    """Rise of the cross-entropy on general text, nats a token."""
    similarity: Spread | None = None


class Row(RecordPart):
    """A method on a backbone, at the whole budget."""

    name: str
    """Method and backbone."""
    backbone: str | None
    label: str
    method: str
    family: str
    seeds: int
    random: bool = True
    """False for a method without randomness: one run, whose spread over seeds is zero."""
    kin: tuple[str, ...] = ()
    """Methods whose spread over seeds stands for that of a single one; empty in older files."""
    failed: int
    reason: str | None
    """Why the first failed run failed."""
    common: dict[str, Figure]
    """Each metric on the items that every run answered; empty without a result."""
    metrics: dict[str, Spread | None]
    """Each metric on all the test items of this method's budget, but the calibration error: on the
    common items, without what noise adds."""
    behind: Difference | None = None
    """Best minus this method in the suite's metric; None for the best and without a result."""
    standing: Standing | None = None
    """`tied`: no significant difference to the best, and one that matters lies outside the 95%
    interval; `undecided`: not significant, but the study is too small to rule one out."""
    forgot: Forgot | None
    bill: Bill | None = None
    pareto: bool = False
    """No other method is at least as good in quality, latency, device-hours, forgetting and
    artifact size, and better in one."""
    train_items: int | None
    test_items: int | None
    adapt_seconds: float | None
    """Stand-alone: trials and fit of the first seed, nothing shared."""
    device_hours: float | None
    training_flops: float | None
    peak_memory_bytes: int | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    items_per_second: float | None
    served: bool = False
    """Whether an endpoint answers: latency is over the network, and the bill is the endpoint's."""
    money_an_item: float | None = None
    """The endpoint's, for an answer; None without prices."""
    validation_money: float | None = None
    """The endpoint's, for what trials asked."""
    trainable_parameters: int | None
    total_parameters: int | None
    artifact_bytes: int | None
    run_ids: tuple[str, ...]

    @property
    def general_change(self) -> float | None:
        """Change on general benchmarks, in shares of items; None where it was not measured.

        0 without a backbone, or where its weights are left alone.
        """
        if self.backbone is None or (self.forgot and not self.forgot.changed):
            return 0.0
        known = self.forgot.difference if self.forgot else None
        return known.mean if known else None


class Summary(RecordPart):
    """The rows, best first by the suite's metric on the common items, failures last."""

    metric: str
    common_items: int
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
    """Every two methods with a result, in the order of the rows."""
    rate: Rate
    cheapest: tuple[Step, ...]
    """Among the methods that the best is not significantly better than."""


def summarise(study: Study, arms: Sequence[Arm], measured: Measured | None) -> Summary:
    """The rows of the whole budget's arms, and every pair of them."""
    metric, price = study.decide.metric, rate(study.decide.prices, _device(study))
    able = [arm for arm in arms if measured and measured.sample(arm, metric)]
    if measured is None:
        return Summary(metric=metric, common_items=0, groups=0, few_groups={}, pairs=(),
                       rate=price, cheapest=(), rows=tuple(_row(arm, {}) for arm in arms))
    figures = {arm.name: measured.figures(arm) for arm in arms}
    able.sort(key=lambda arm: (-gain(metric, figures[arm.name][metric].mean), arm.name))
    pairs = _pairs(able, measured)
    best = {p.second: of_better(metric, p.differences[metric]) for p in pairs
            if p.first == able[0].name}
    rows = [_priced(_stood(_akin(_row(arm, figures[arm.name]), measured.kin(arm, metric)), best,
                           study.decide.matters), price) for arm in able]
    rest = [_row(arm, figures[arm.name]) for arm in arms if arm not in able]
    bills = [row.bill for row in rows if row.bill and row.standing != "lower"]
    return Summary(metric=metric, common_items=len(measured.items),
                   groups=measured.pool.groups,
                   effective_groups=measured.pool.effective(measured.estimates.metrics[metric]),
                   weighted=_weighted(measured),
                   few_groups=_few_groups(measured, study.labels),
                   absent=_absent(measured, study.labels),
                   rows=(*_pareto(rows, metric), *rest), pairs=pairs, rate=price,
                   cheapest=cheapest(bills))


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


def _pairs(arms: Sequence[Arm], measured: Measured) -> tuple[Pair, ...]:
    by_metric: dict[str, Mapping[tuple[str, str], Difference]] = {}
    for metric in measured.metrics:
        samples = [s for arm in arms if (s := measured.sample(arm, metric.name))]
        by_metric[metric.name] = differences(metric, samples, measured.pool)
    names = list(combinations([arm.name for arm in arms], 2))
    return tuple(Pair(first=a, second=b, mcnemar=test, differences={
        metric: found[a, b] for metric, found in by_metric.items() if (a, b) in found})
        for (a, b), test in zip(names, measured.tests(arms), strict=True))


def _stood(row: Row, best: Mapping[str, Difference], matters: float) -> Row:
    behind = best.get(row.name)
    standing: Standing = "undecided"
    if behind is None:
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
    kept = front([objectives(row, metric) for row in rows])
    return [row.model_copy(update={"pareto": on}) for row, on in zip(rows, kept, strict=True)]


def objectives(row: Row, metric: str) -> tuple[float, ...]:
    """Quality, latency, device-hours, forgetting and artifact size, each better when higher."""
    change = row.general_change
    costs = (row.p50_ms, row.device_hours, row.artifact_bytes)
    return (gain(metric, row.common[metric].mean), float("nan") if change is None else change,
            *(float("nan") if cost is None else -float(cost) for cost in costs))


def _row(arm: Arm, common: dict[str, Figure]) -> Row:
    done = arm.done
    first = done[0] if done else None
    failed = [r for r in arm.records if r.status.state != "ok"]
    cost, size, latency, usage = ((first.cost, first.size, first.latency, first.usage) if first
                                  else (None, None, None, None))
    return Row(
        name=arm.name, backbone=arm.backbone, label=arm.label,
        method=arm.records[0].identity.method,
        family=arm.records[0].identity.family, seeds=len(arm.records), random=arm.random,
        failed=len(failed),
        reason=f"{failed[0].status.state}: {failed[0].status.reason}" if failed else None,
        common=common,
        metrics=_spreads([r.figures for r in done]) | _calibration(common),
        forgot=_forgot(done),
        train_items=first.budget_used.train_items if first and first.budget_used else None,
        test_items=first.budget_used.test_items if first and first.budget_used else None,
        adapt_seconds=cost.stand_alone_seconds if cost else None,
        # An endpoint computes on no device of ours: what it costs is money.
        device_hours=cost.device_hours if cost and not usage else None,
        training_flops=cost.training_flops if cost else None,
        peak_memory_bytes=cost.peak_memory_bytes if cost and not usage else None,
        p50_ms=latency.p50_ms if latency else None, p95_ms=latency.p95_ms if latency else None,
        p99_ms=latency.p99_ms if latency else None,
        items_per_second=latency.items_per_second if latency else None,
        served=usage is not None, money_an_item=usage.money_an_item if usage else None,
        validation_money=usage.validation_money if usage else None,
        trainable_parameters=size.trainable_parameters if size else None,
        total_parameters=size.total_parameters if size and not usage else None,
        artifact_bytes=size.artifact_bytes if size else None,
        run_ids=tuple(r.identity.run_id for r in arm.records),
    )


def _calibration(common: Mapping[str, Figure]) -> dict[str, Spread | None]:
    """The calibration error as it is told everywhere; a record's has what noise adds to it."""
    found = common.get("calibration_error")
    return {"calibration_error": Spread(mean=found.mean, sd=found.sd, seeds=found.seeds)
            } if found else {}


def _forgot(done: Sequence[Record]) -> Forgot | None:
    found = [r.forgetting for r in done if r.forgetting is not None]
    if not found or len(found) < len(done):
        return None
    if not any(f.changed for f in found):
        return Forgot(changed=False)
    means = [f.mean for f in found if f.mean is not None]
    whole = len(means) == len(found)
    return Forgot(
        changed=True,
        difference=_spread([f.mean.difference if f.mean else None for f in found]),
        low=statistics.fmean(m.low for m in means) if whole else None,
        high=statistics.fmean(m.high for m in means) if whole else None,
        drift=_spread([f.drift.difference if f.drift else None for f in found]),
        similarity=_spread([f.similarity for f in found]))


def _spreads(figures: Sequence[Mapping[str, float | None]]) -> dict[str, Spread | None]:
    names = dict.fromkeys(name for found in figures for name in found)
    return {name: _spread([found.get(name) for found in figures]) for name in names}


def _spread(values: list[float | None]) -> Spread | None:
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    sd = statistics.stdev(known) if len(known) > 1 else None
    return Spread(mean=statistics.fmean(known), sd=sd, seeds=len(known))
