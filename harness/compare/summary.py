"""One row a method: means over seeds, on the items that every method answered."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from harness.compare.bootstrap import Answers, bootstrap
from harness.compare.ties import Against, Interval, against_best, interval
from harness.measure.part import RecordPart
from harness.measure.quality import Quality, quality
from harness.study.record import Record
from harness.study.study import Study


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
    """A method on a backbone."""

    backbone: str | None
    label: str
    family: str
    seeds: int
    failed: int
    reason: str | None
    """Why the first failed run failed."""
    common: Spread | None
    """The suite's metric on the common items."""
    interval: Interval | None = None
    """Of the suite's metric on the common items."""
    against: Against | None = None
    """Against the best row; None for that row itself, and for one without a result."""
    metrics: dict[str, Spread | None]
    """Each metric on all the test items of this method's budget."""
    forgot: Forgot | None
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
    trainable_parameters: int | None
    total_parameters: int | None
    artifact_bytes: int | None
    run_ids: tuple[str, ...]

    @property
    def name(self) -> str:
        """Method and backbone, for tables."""
        return f"{self.label} ({self.backbone})" if self.backbone else self.label


class Summary(RecordPart):
    """The rows, best first by the suite's metric on the common items, failures last."""

    metric: str
    common_items: int
    rows: tuple[Row, ...]


METRICS = ("accuracy", "macro_f1", "micro_f1", "roc_auc", "log_loss", "calibration_error")
Predictions = Callable[[str], pa.Table]


def summarise(study: Study, predictions: Predictions) -> Summary:
    """Rows of a study. `predictions` gives the table of a run id.

    Backbones may have test samples of different size; samples are nested, so the items that
    every run answered are the smallest sample, and methods are ranked on those alone.
    """
    done = [r for r in study.records if r.status.state == "ok"]
    tables = {r.identity.run_id: predictions(r.identity.run_id) for r in done}
    common = _common_items(list(tables.values()))
    on_common = {run_id: _on(table, common, study.labels) for run_id, table in tables.items()}
    groups: dict[tuple[str | None, str], list[Record]] = {}
    for record in study.records:
        key = (record.identity.backbone, record.identity.label)
        groups.setdefault(key, []).append(record)
    rows = [_row(group, on_common, study.decide.metric) for group in groups.values()]
    rows.sort(key=lambda row: (row.common is None, -row.common.mean if row.common else 0.0,
                               row.name))
    return Summary(metric=study.decide.metric, common_items=len(common),
                   rows=tuple(_compared(rows, tables, common, study)))


def _compared(rows: list[Row], tables: dict[str, pa.Table], common: set[str], study: Study
              ) -> list[Row]:
    """The rows with intervals and with their comparison to the first, which is the best."""
    able = [row for row in rows if row.common is not None]
    if not able:
        return rows
    runs = {row.name: [i for i in row.run_ids if i in tables] for row in able}
    order = [run_id for ids in runs.values() for run_id in ids]
    drawn = bootstrap(_answers([tables[i] for i in order], common, study.labels), study.decide.metric)
    place = {run_id: i for i, run_id in enumerate(order)}
    values = {name: drawn[[place[i] for i in ids]] for name, ids in runs.items()}
    points = {row.name: row.common.mean for row in able if row.common}
    against = against_best(values, able[0].name, points)
    return [row if row.name not in values else row.model_copy(update={
        "interval": interval(values[row.name]), "against": against.get(row.name)})
        for row in rows]


def _answers(tables: list[pa.Table], common: set[str], labels: tuple[str, ...]) -> Answers:
    """The common items of every table, in one order."""
    items = sorted(common)
    probabilities = []
    for table in tables:
        position = {item: i for i, item in enumerate(table["item"].to_pylist())}
        chosen = table.take([position[item] for item in items])
        probabilities.append(np.column_stack([chosen[f"p:{label}"].to_numpy()
                                              for label in labels]))
    targets = np.array([labels.index(target) for target in chosen["target"].to_pylist()])
    groups = np.unique(chosen["group"].to_pylist(), return_inverse=True)[1]
    return Answers(probabilities, targets, groups)


def _common_items(tables: Sequence[pa.Table]) -> set[str]:
    sets = [set(table["item"].to_pylist()) for table in tables]
    return set.intersection(*sets) if sets else set()


def _on(table: pa.Table, items: set[str], labels: tuple[str, ...]) -> Quality | None:
    keep = np.array([item in items for item in table["item"].to_pylist()])
    if not keep.any():
        return None
    probabilities = np.column_stack([table[f"p:{label}"].to_numpy() for label in labels])
    targets = np.array([labels.index(target) for target in table["target"].to_pylist()])
    return quality(probabilities[keep], targets[keep], labels)


def _row(group: list[Record], on_common: dict[str, Quality | None], metric: str) -> Row:
    done = [r for r in group if r.status.state == "ok"]
    first = min(done, key=lambda r: r.identity.seed, default=None)
    failed = [r for r in group if r.status.state != "ok"]
    identity = group[0].identity
    cost, size, latency = ((first.cost, first.size, first.latency) if first
                           else (None, None, None))
    return Row(
        backbone=identity.backbone, label=identity.label, family=identity.family,
        seeds=len(group), failed=len(failed),
        reason=f"{failed[0].status.state}: {failed[0].status.reason}" if failed else None,
        common=_spread([_value(on_common[r.identity.run_id], metric) for r in done]),
        metrics={name: _spread([_value(r.quality, name) for r in done]) for name in METRICS},
        forgot=_forgot(done),
        train_items=first.budget_used.train_items if first and first.budget_used else None,
        test_items=first.quality.items if first and first.quality else None,
        adapt_seconds=cost.stand_alone_seconds if cost else None,
        device_hours=cost.device_hours if cost else None,
        training_flops=cost.training_flops if cost else None,
        peak_memory_bytes=cost.peak_memory_bytes if cost else None,
        p50_ms=latency.p50_ms if latency else None, p95_ms=latency.p95_ms if latency else None,
        p99_ms=latency.p99_ms if latency else None,
        items_per_second=latency.items_per_second if latency else None,
        trainable_parameters=size.trainable_parameters if size else None,
        total_parameters=size.total_parameters if size else None,
        artifact_bytes=size.artifact_bytes if size else None,
        run_ids=tuple(r.identity.run_id for r in group),
    )


def _forgot(done: list[Record]) -> Forgot | None:
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


def _value(figures: Quality | None, metric: str) -> float | None:
    value = getattr(figures, metric) if figures is not None else None
    return None if value is None else float(value)


def _spread(values: list[float | None]) -> Spread | None:
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    sd = statistics.stdev(known) if len(known) > 1 else None
    return Spread(mean=statistics.fmean(known), sd=sd, seeds=len(known))
