"""What a model forgot, at the terminal."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.common.text import excerpt, plain
from harness.forgetting.figures import Forgetting
from harness.report import words
from harness.report.plotted import Ranged, intervals
from harness.report.shown import Shown

SHOWN = 160
"""Characters of a lost item's text, from its end, and of its answers."""


@dataclass(frozen=True, repr=False)
class Forgotten(Shown):
    """What a tuned model forgot.

    As a frame a row a benchmark: `benchmark`, `items`, the shares right `before` and `after` (0 to
    1), their `difference` with the ends of its 95% interval over items (`low`, `high`), how many
    items were `lost` and `gained`, and whether they were asked in a `chat` template.
    """

    title: str
    figures: Forgetting

    @property
    def verdict(self) -> str:
        """The mean change over the benchmarks, in percentage points."""
        mean = self.figures.mean
        if mean is None:
            return f"{self.title}: {self.figures.reason or 'no benchmark was asked'}"
        return f"{self.title}: {words.points(mean.difference, mean.low, mean.high)} points"

    def print_on(self, console: Console) -> None:
        """Benchmarks, drift, similarity, and a few items lost."""
        print_forgetting(console, self.title, self.figures)

    def to_pandas(self) -> pd.DataFrame:
        """A row a benchmark."""
        names = ("benchmark", "items", "before", "after", "difference", "low", "high", "lost",
                 "gained", "chat")
        return pd.DataFrame([[getattr(one, name) for name in names]
                             for one in self.figures.benchmarks], columns=list(names))

    def plot(self) -> go.Figure:
        """The change on each benchmark, with 95% intervals."""
        return intervals([Ranged(one.asked, one.difference, one.low, one.high)
                          for one in self.figures.benchmarks], "change of the share right",
                         zero=0.0)


def print_forgetting(console: Console, title: str, figures: Forgetting) -> None:
    """Benchmarks before and after with intervals, drift, similarity and a few items lost."""
    table = Table(title=escape(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("benchmark")  # alone may break: it says how it was asked, too
    for column in ("items", "before", "after", "points [95%]", "lost", "gained"):
        table.add_column(column, justify="right", no_wrap=True)
    for b in figures.benchmarks:
        table.add_row(escape(b.asked), str(b.items), f"{b.before:.3f}", f"{b.after:.3f}",
                      escape(words.points(b.difference, b.low, b.high)), str(b.lost),
                      str(b.gained))
    if figures.mean:
        m = figures.mean
        table.add_section()
        table.add_row("mean", str(sum(b.items for b in figures.benchmarks)), f"{m.before:.3f}",
                      f"{m.after:.3f}", escape(words.points(m.difference, m.low, m.high)), "", "")
    console.print(table)
    for what, count, change in words.followed(figures):
        console.print(f"followed of {count} {what}: {change.before:.3f} -> {change.after:.3f}, "
                      f"{words.points(change.difference, change.low, change.high)} points",
                      markup=False, highlight=False)
    if figures.drift:
        d = figures.drift
        console.print(f"cross-entropy on {d.passages} passages: {d.before:.3f} -> {d.after:.3f} "
                      f"nats a token, {words.drift(figures)}",
                      markup=False, highlight=False)
    if figures.similarity is not None:
        console.print(f"similarity of the features' structure (linear CKA): "
                      f"{figures.similarity:.4f}", highlight=False)
    if figures.truncated:
        console.print(f"{figures.truncated} contexts were cut on the left to fit the window",
                      highlight=False)
    for item in figures.lost:
        now = f", now: {_line(item.after)}" if item.after else ""
        console.print(f"lost ({item.benchmark}): …{item.text[-SHOWN:]!r} "
                      f"right: {_line(item.target)}{now}", markup=False, highlight=False)


def _line(said: str) -> str:
    """What a model wrote, on one line and without what a terminal would obey."""
    return excerpt(" ".join(plain(said).split()), SHOWN)
