"""The columns of the table of methods: what each is called, shows and is sorted by.

The page has all of them; Markdown, the terminal and tables beside have some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.compare.row import Row
from harness.compare.summary import Summary
from harness.report import ranking, words
from harness.targets.kinds import says


@dataclass(frozen=True)
class Column:
    """A column of figures, a row a method."""

    title: str
    shown: Callable[[Row], str]
    value: Callable[[Row], float | None]
    """What the page sorts by and writes to CSV; None where there is nothing."""
    brief: str = ""
    """Its title where there is less room; the same where it is empty."""

    @property
    def short(self) -> str:
        """What it is called where there is less room."""
        return self.brief or self.title


FIRST = ("figure", "whisker", "interval", "error", "behind", "pareto")
LAST = ("forgetting", "drift", "train", "test", "seeds", "adaptation", "hours", "bill", "million",
        "flops", "memory", "p50", "p95", "p99", "rate", "trainable", "parameters", "artifact")
BESIDE = ("figure", "interval", "behind"), ("forgetting", "train", "test", "seeds", "adaptation",
                                            "p50")
MARKDOWN = ("figure", "interval", "behind"), ("forgetting", "items", "seeds", "adaptation",
                                              "latency", "trainable", "artifact")
"""Around the metrics that stand beside."""
TERMINAL = ("figure", "points", "adaptation", "p50")


def columns(summary: Summary) -> Mapping[str, Column]:
    """All columns but those of metrics beside, by name."""
    return _figure_columns(summary) | _item_columns() | _cost_columns(summary.rate.currency)


def picked(summary: Summary, first: Sequence[str], metrics: Sequence[str], last: Sequence[str]
           ) -> list[Column]:
    """Columns by name, with those of metrics between them."""
    known = columns(summary)
    return [*(known[name] for name in first), *map(metric_column, metrics),
            *(known[name] for name in last)]


def metric_column(name: str) -> Column:
    """A metric on all the test items of a method's budget."""
    def mean(row: Row) -> float | None:
        found = row.metrics.get(name)
        return found.mean if found else None

    return Column(says(name), lambda row: words.spread(row.metrics.get(name)), mean)


def _figure_columns(summary: Summary) -> dict[str, Column]:
    metric = summary.metric

    def low(row: Row) -> float | None:
        return row.common[metric].low if metric in row.common else None

    def mean(row: Row) -> float | None:
        return row.common[metric].mean if metric in row.common else None

    def error(row: Row) -> float | None:
        return row.common[metric].sampling_error if metric in row.common else None

    def behind(row: Row) -> float | None:
        if row.behind:
            return row.behind.difference
        return 0 if metric in row.common else None

    return {
        "figure": Column(f"{says(metric)}, {ranking.column(summary)}",
                         lambda row: words.spread(row.common.get(metric)), mean, says(metric)),
        "whisker": Column("whisker", lambda row: "", low),
        "interval": Column("95% interval", lambda row: words.within(row.common.get(metric)), low),
        "error": Column("sampling error", lambda row: _form("%.3f", error(row)), error),
        "behind": Column("behind the best", words.standing, behind, "against the best"),
        "pareto": Column("Pareto", lambda row: "●" if row.pareto else "",
                         lambda row: int(row.pareto))}


def _item_columns() -> dict[str, Column]:
    return {
        "forgetting": Column("forgetting, points", lambda row: words.forgot(row.forgot), _forgot,
                             "forgetting"),
        "points": Column("forgetting", _points, _forgot),
        "drift": Column("drift, nats a token", lambda row: (
            words.spread(row.forgot.drift) if row.forgot else words.ABSENT), lambda row: (
                row.forgot.drift.mean if row.forgot and row.forgot.drift else None)),
        "train": Column("train items", lambda row: str(row.train_items or words.ABSENT),
                        lambda row: row.train_items),
        "test": Column("test items", lambda row: str(row.test_items or words.ABSENT),
                       lambda row: row.test_items),
        "items": Column("train / test items", lambda row: (
            f"{row.train_items} / {row.test_items}" if row.test_items else words.ABSENT),
            lambda row: row.train_items),
        "seeds": Column("seeds", lambda row: f"{row.seeds - row.failed}" + (
            f" of {row.seeds}" if row.failed else ""), lambda row: row.seeds - row.failed)}


def _cost_columns(currency: str) -> dict[str, Column]:
    return {
        "adaptation": Column("adaptation", lambda row: words.seconds(row.adapt_seconds),
                             lambda row: row.adapt_seconds),
        "hours": Column("device-hours", lambda row: _form("%.2g", row.device_hours),
                        lambda row: row.device_hours),
        "bill": Column(f"to adapt, {currency}", lambda row: _form(
            "%.2g", row.bill.adaptation if row.bill else None),
            lambda row: row.bill.adaptation if row.bill else None),
        "million": Column(f"a million answers, {currency}", lambda row: _form(
            "%.3g", row.bill.million_requests if row.bill else None),
            lambda row: row.bill.million_requests if row.bill else None),
        "flops": Column("training FLOPs", lambda row: words.count(row.training_flops),
                        lambda row: row.training_flops),
        "memory": Column("peak memory", lambda row: words.size(row.peak_memory_bytes),
                         lambda row: row.peak_memory_bytes),
        "p50": Column("p50", lambda row: words.milliseconds(row.p50_ms), lambda row: row.p50_ms),
        "latency": Column("p50 latency", lambda row: words.milliseconds(row.p50_ms),
                          lambda row: row.p50_ms),
        "p95": Column("p95", lambda row: words.milliseconds(row.p95_ms), lambda row: row.p95_ms),
        "p99": Column("p99", lambda row: words.milliseconds(row.p99_ms), lambda row: row.p99_ms),
        "rate": Column("items/s", lambda row: words.count(row.items_per_second),
                       lambda row: row.items_per_second),
        "trainable": Column("trainable", lambda row: words.count(row.trainable_parameters),
                            lambda row: row.trainable_parameters),
        "parameters": Column("parameters", lambda row: words.count(row.total_parameters),
                             lambda row: row.total_parameters),
        "artifact": Column("artifact", lambda row: words.size(row.artifact_bytes),
                           lambda row: row.artifact_bytes)}


def _form(form: str, value: float | None) -> str:
    return words.ABSENT if value is None else form % value


def _forgot(row: Row) -> float | None:
    if row.forgot is None:
        return None
    if row.forgot.difference:
        return row.forgot.difference.mean
    return None if row.forgot.changed else 0


def _points(row: Row) -> str:
    """Points without their interval: the page has it."""
    if row.forgot is None:
        return words.ABSENT
    if row.forgot.difference is None:
        return words.ABSENT if row.forgot.changed else "0"
    return words.points(row.forgot.difference.mean, None, None)
