"""Arms as they ship: each export of an arm beside it, on the same items, with the same weights.

An export is no rival of its source: what was learned is the same, and it takes no part in the
ranking, its corrections or its matching rules. What it answers is its own figure, and by how much
that is another is paired by item and by seed. Arms and exports share a frontier of what ships.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
from pydantic import Field

from harness.common.kinds import ExportFormat
from harness.compare.arms import Arm, Measured, Predictions, measured_on
from harness.compare.economics import Bill, Rate, bill, rate
from harness.compare.pairs import Difference, Sample, differences
from harness.compare.pareto import front
from harness.compare.row import Row
from harness.compare.summary import Summary
from harness.compare.uncertainty import Figure
from harness.measure.as_exported import AsExported
from harness.measure.part import RecordPart
from harness.methods import register_all
from harness.methods.method import METHODS
from harness.study.record import Record
from harness.study.study import Study
from harness.suite import Prices
from harness.targets.kinds import gain

Exported = Callable[[str, str], pa.Table]
"""What a run answers in a format, by both."""
FP32 = 4


class Shipped(RecordPart):
    """An arm in a format that it was exported to. Resources are of the first seed, as the arm's
    are."""

    name: str
    source: str
    """The arm."""
    format: ExportFormat
    reason: str | None = None
    """Why there is nothing else."""
    seeds: int = 0
    answers: int = 0
    """Test items, of all seeds together."""
    changed: int = 0
    """Of these, how many are answered otherwise than by the runs."""
    better: int = 0
    worse: int = 0
    common: dict[str, Figure] = Field({})
    """Each metric on the items that every run answered."""
    change: Difference | None = None
    """The export less its source in the suite's metric: mean over seeds, paired, over items alone,
    of these models."""
    p50_ms: float | None = None
    source_p50_ms: float | None = None
    items_per_second: float | None = None
    source_items_per_second: float | None = None
    weights_bytes: int | None = None
    source_bytes: int | None = None
    """Of the whole model in fp32."""
    memory_bytes: int | None = None
    source_memory_bytes: int | None = None
    bill: Bill | None = None
    frontier: bool = False

    def money(self, requests: float) -> float | None:
        """Adaptation and so many answers."""
        return self.bill.total(requests) if self.bill else None


class Shipping(RecordPart):
    """What ships: arms as they are served and as they are exported."""

    metric: str
    requests: int
    exports: tuple[Shipped, ...]
    frontier: tuple[str, ...]
    """Arms and exports that no other is at least as good as in quality, median latency, bytes to
    hold and money for the suite's requests, and better in one. Memory, which is measured of exports
    and their sources alone, has no part."""


def shipping(study: Study, ranked: Sequence[Arm], measured: Measured, summary: Summary,
             predictions: Predictions, exported: Exported) -> Shipping | None:
    """Of the arms that are ranked together; None where none was exported."""
    if not any(record.exports for arm in ranked for record in arm.done):
        return None
    copies = {to: _copies(ranked, to) for to in _formats(ranked)}
    of = _measured(study, ranked, measured, copies, predictions, exported)
    prices, device = study.decide.prices, _device(ranked)
    found = [_shipped(arm, copies[to].get(arm.name), to, of, summary.metric,
                      _price(prices, device, summary.rate))
             for arm in ranked for to in _formats([arm])]
    on = _frontier(study, ranked, summary, found)
    return Shipping(metric=summary.metric, requests=study.decide.requests,
                    exports=tuple(one.model_copy(update={"frontier": one.name in on})
                                  for one in found), frontier=on)


def name_of(arm: str, to: str) -> str:
    """What an export is called."""
    return f"{arm} → {to}"


def _formats(arms: Sequence[Arm]) -> tuple[ExportFormat, ...]:
    return tuple(dict.fromkeys(found.format for arm in arms for record in arm.done
                               for found in record.exports.values()))


def _copies(arms: Sequence[Arm], to: ExportFormat) -> Mapping[str, Arm]:
    """Of each arm the runs that could be exported so, under names of their own."""
    found = {}
    for arm in arms:
        records = tuple(_copy(record, to) for record in arm.done
                        if (out := record.exports.get(to)) and out.reason is None)
        if records:
            found[arm.name] = dataclasses.replace(arm, records=records)
    return found


def _copy(record: Record, to: ExportFormat) -> Record:
    identity = record.identity
    named = identity.model_copy(update={"run_id": f"{identity.run_id} {to}"})
    return record.model_copy(update={"identity": named})


def _measured(study: Study, ranked: Sequence[Arm], measured: Measured,
              copies: Mapping[ExportFormat, Mapping[str, Arm]], predictions: Predictions,
              exported: Exported) -> Measured:
    """Runs and exports on the study's common items. Spreads over seeds are of the arms alone."""
    runs = [record for arm in ranked for record in arm.done]
    others = [record for by in copies.values() for arm in by.values() for record in arm.records]

    def table(name: str) -> pa.Table:
        run_id, _, to = name.partition(" ")
        return exported(run_id, to) if to else predictions(run_id)

    names = [record.identity.run_id for record in (*runs, *others)]
    found = measured_on(names, [table(name) for name in names], measured.items, study.kind,
                        study.labels, measured.answers.weights)
    return dataclasses.replace(found, arms=measured.arms)


def _shipped(arm: Arm, copy: Arm | None, to: ExportFormat, of: Measured, metric: str,
             price: Rate | None) -> Shipped:
    name, outs = name_of(arm.name, to), [r.exports[to] for r in arm.done if to in r.exports]
    if copy is None:
        return Shipped(name=name, source=arm.name, format=to, reason=outs[0].reason)
    done = [out for out in outs if out.changes is not None]
    first = next((r for r in arm.done if to in r.exports and r.exports[to].latency), None)
    out = first.exports[to] if first else done[0]
    return Shipped(
        name=name, source=arm.name, format=to, seeds=len(copy.records),
        **_changes(done), common=of.figures(copy), change=_change(arm, copy, of, metric),
        **_resources(first, out), weights_bytes=out.weights_bytes, source_bytes=out.fp32_bytes,
        memory_bytes=out.memory_bytes, source_memory_bytes=out.served_memory_bytes,
        bill=_bill(name, arm.done[0], out, price))


def _changes(done: Sequence[AsExported]) -> dict[str, int]:
    every = [out.changes for out in done if out.changes is not None]
    return {"answers": sum(one.items for one in every),
            "changed": sum(one.changed for one in every),
            "better": sum(one.better for one in every), "worse": sum(one.worse for one in every)}


def _resources(first: Record | None, out: AsExported) -> dict[str, float | None]:
    served, own = first.latency if first else None, out.latency
    if served is None or own is None or served.round != own.round:  # no ratio across rounds
        return {}
    return {"p50_ms": own.p50_ms, "source_p50_ms": served.p50_ms,
            "items_per_second": own.items_per_second,
            "source_items_per_second": served.items_per_second}


def _change(arm: Arm, copy: Arm, of: Measured, metric: str) -> Difference | None:
    """Seeds are paired: what is left of them in the difference is of these models."""
    names = {record.identity.run_id.partition(" ")[0] for record in copy.records}
    same = dataclasses.replace(arm, records=tuple(r for r in arm.done
                                                  if r.identity.run_id in names))
    samples = [_fixed(one, side, of, metric) for one, side in ((copy, "export"), (same, "run"))]
    if any(sample is None for sample in samples):
        return None
    found = differences(of.estimates.metrics[metric], [s for s in samples if s], of.pool)
    return found["export", "run"]


def _fixed(arm: Arm, side: str, of: Measured, metric: str) -> Sample | None:
    found = of.sample(arm, metric)
    if found is None:
        return None
    mean = sum(found.points) / len(found.points)
    return dataclasses.replace(found, name=side, points=[mean], kin=None)


def _device(arms: Sequence[Arm]) -> str:
    types = {record.identity.device_type for arm in arms for record in arm.done}
    return "cuda" if "cuda" in types else "cpu"


def _price(prices: Prices, device: str, own: Rate) -> Rate | None:
    """Exports answer on a CPU. A suite's own price of a GPU says nothing of one."""
    if device == "cpu":
        return own
    return None if prices.device_hour is not None else rate(prices, "cpu")


def _bill(name: str, run: Record, out: AsExported, price: Rate | None) -> Bill | None:
    if out.latency is None or run.cost is None or price is None:
        return None
    return bill(name, run.cost.device_hours, out.latency.items_per_second, price)


def _frontier(study: Study, ranked: Sequence[Arm], summary: Summary, exports: Sequence[Shipped]
              ) -> tuple[str, ...]:
    rows = {row.name: row for row in summary.rows
            if summary.metric in row.common and row.standing != "ceiling"}
    arms = [arm for arm in ranked if arm.name in rows]
    able = [one for one in exports if summary.metric in one.common]
    requests, metric = study.decide.requests, summary.metric
    values = [_arm_objectives(rows[arm.name], arm.done[0], metric, requests) for arm in arms]
    values += [_objectives(one.common[metric].mean, one.p50_ms, one.weights_bytes,
                           one.money(requests), metric) for one in able]
    names = [*(arm.name for arm in arms), *(one.name for one in able)]
    return tuple(name for name, on in zip(names, front(values), strict=True) if on)


def _arm_objectives(row: Row, record: Record, metric: str, requests: int) -> tuple[float, ...]:
    return _objectives(row.common[metric].mean, row.p50_ms, held_bytes(record),
                       row.bill.total(requests) if row.bill else None, metric)


def held_bytes(record: Record) -> int | None:
    """What a run needs to answer: its parameters at four bytes each, and what it saved beside
    them; None where that is not here."""
    size = record.size
    if size is None or record.usage is not None:
        return None
    if record.identity.backbone is None:
        return size.artifact_bytes
    register_all()
    method = METHODS[record.identity.method](record.identity.options)
    return FP32 * size.total_parameters + (0 if method.changes_weights else size.artifact_bytes)


def _objectives(quality: float, p50: float | None, held: int | None, money: float | None,
                metric: str) -> tuple[float, ...]:
    return (gain(metric, quality),
            *(-math.inf if cost is None else -float(cost) for cost in (p50, held, money)))
