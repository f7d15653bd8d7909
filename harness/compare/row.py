"""What a report says of one method: its figures over seeds, what it took and forgot."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Literal

from harness.compare.arms import Arm
from harness.compare.economics import Bill
from harness.compare.pairs import Difference
from harness.compare.uncertainty import Figure
from harness.measure.part import RecordPart
from harness.study.record import Record

Standing = Literal["best", "lower", "tied", "undecided", "ceiling"]


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
    interval; `undecided`: not significant, but the study is too small to rule one out; `ceiling`:
    it was told what no deployed model is, and stands behind all that were not."""
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


def row_of(arm: Arm, common: dict[str, Figure]) -> Row:
    """The row of an arm with these figures on the common items; none of how it stands to others."""
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
