"""Two studies or two runs at the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.compare.pairs import Difference, McNemar
from harness.compare.side_by_side import Divergence, lines
from harness.report import sentences, words
from harness.report.plotted import Ranged, intervals
from harness.report.published import Published
from harness.report.shown import Shown
from harness.targets.kinds import says


@dataclass(frozen=True, repr=False)
class StudiesBeside(Shown):
    """Two studies of one suite.

    As a frame a row a method: `name`, the suite's metric in the `first` and in the `second` study,
    their `difference` (second minus first) and the ends of its 95% interval, `low` and `high`; NaN
    where a study lacks the method.
    """

    first: Published
    second: Published
    divergences: tuple[Divergence, ...]
    """What is not the same in both."""

    @property
    def verdict(self) -> str:
        """Both verdicts."""
        return (f"first: {sentences.headline(self.first)} "
                f"second: {sentences.headline(self.second)}")

    def print_on(self, console: Console) -> None:
        """What differs, then the figures and both verdicts."""
        print_divergences(console, self.divergences)
        print_studies(console, self.first, self.second)

    def to_pandas(self) -> pd.DataFrame:
        """A row a method of either study."""
        return pd.DataFrame([{
            "name": line.name, "first": line.first and line.first.mean,
            "second": line.second and line.second.mean, "difference": line.difference,
            "low": line.low, "high": line.high}
            for line in lines(self.first.summary, self.second.summary)])

    def plot(self) -> go.Figure:
        """Second minus first with 95% intervals, of the methods that both have."""
        found = [Ranged(line.name, line.difference, line.low, line.high)
                 for line in lines(self.first.summary, self.second.summary)
                 if line.difference is not None and line.low is not None and line.high is not None]
        return intervals(found, "second - first, "
                         + says(self.first.summary.metric), zero=0.0)


@dataclass(frozen=True, repr=False)
class RunsBeside(Shown):
    """Two runs on the items that both answered.

    As a frame a row a metric: `metric`, `difference` (first minus second) with the ends of its 95%
    interval over items (`low`, `high`), `p_value`, and `detectable`, the smallest difference found
    with 80% power.
    """

    items: int
    differences: dict[str, Difference]
    test: McNemar | None
    divergences: tuple[Divergence, ...]

    @property
    def verdict(self) -> str:
        """How many items only one of the two answered right, and whether that is chance; of numbers
        what its kind of task is decided by."""
        if self.test is None:
            metric, gap = next(iter(self.differences.items()))
            return (f"{says(metric)} of the first less that of the second: {gap.difference:+.3f} "
                    f"[{gap.low:+.3f}, {gap.high:+.3f}]")
        return (f"right in the first only: {self.test.only_first}, in the second only: "
                f"{self.test.only_second}; McNemar's exact test p = {self.test.p_value:.2g}, "
                f"Cohen's g = {self.test.effect:.2f}")

    def print_on(self, console: Console) -> None:
        """What differs, then every metric, and the test."""
        print_divergences(console, self.divergences)
        print_runs(console, self)

    def to_pandas(self) -> pd.DataFrame:
        """A row a metric."""
        names = ("difference", "low", "high", "p_value", "detectable")
        return pd.DataFrame([{"metric": metric} | {name: getattr(found, name) for name in names}
                             for metric, found in self.differences.items()])

    def plot(self) -> go.Figure:
        """First minus second in every metric, with 95% intervals."""
        return intervals([Ranged(says(metric), found.difference, found.low,
                                 found.high) for metric, found in self.differences.items()],
                         "first - second", zero=0.0)


def print_divergences(console: Console, found: Sequence[Divergence]) -> None:
    """What is not the same on both sides."""
    if not found:
        console.print("Nothing that could move a figure differs between the two.")
        return
    table = Table("what differs", "first", "second", box=SIMPLE_HEAD, pad_edge=False)
    for item in found:
        table.add_row(*map(escape, (item.what, item.first, item.second)))
    console.print(table)


def print_studies(console: Console, first: Published, second: Published) -> None:
    """Every method's figure in both, and both verdicts; then of every other budget that both
    have."""
    _print_lines(console, first, second, "")
    console.print("Each study has its own errors, so these intervals are rather wide.")
    for part in first.beside:
        for other in second.beside:
            if other.part == part.part:
                _print_lines(console, first.of(part), second.of(other), part.title)


def _print_lines(console: Console, first: Published, second: Published, title: str) -> None:
    metric = says(first.summary.metric)
    table = Table("method", f"{metric}, first", "second", "second - first, 95% interval",
                  box=SIMPLE_HEAD, pad_edge=False, title=escape(title) or None,
                  title_justify="left")
    for line in lines(first.summary, second.summary):
        gap = words.ABSENT
        if line.difference is not None and line.low is not None and line.high is not None:
            gap = words.interval(line.difference, line.low, line.high)
        table.add_row(*map(escape, (line.name, words.spread(line.first),
                                    words.spread(line.second), gap)))
    console.print(table)
    for side, published in (("first", first), ("second", second)):
        console.print(f"{side}: {sentences.headline(published)}", markup=False, highlight=False)


def print_runs(console: Console, found: RunsBeside) -> None:
    """First minus second in every metric, paired by item."""
    table = Table("metric", "first - second, 95% interval", "p", "detectable", box=SIMPLE_HEAD,
                  pad_edge=False, title=f"{found.items} items answered by both",
                  title_justify="left")
    for metric, d in found.differences.items():
        table.add_row(says(metric), escape(sentences.interval(d)),
                      f"{d.p_value:.2g}", f"{d.detectable:.3f}")
    console.print(table)
    console.print(found.verdict, highlight=False)
    console.print("Over items alone: a run is one seed.")
