"""Methods over several studies: at the terminal, and as a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.common.files import write_atomic
from harness.compare.over_suites import OverSuites, Ranked
from harness.compare.pairs import ALPHA
from harness.report.rendering import render
from harness.report.shown import Shown
from harness.targets.kinds import says

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

WIDTH = 41
"""Signs that an interval is drawn on."""


@dataclass(frozen=True, repr=False)
class Ranking(Shown):
    """Methods over the studies of several suites.

    As a frame a row a method, the lowest mean rank first: `method`, `mean_rank` with the ends of
    its 95% interval (`low`, `high`), and its rank in each suite, 1 for the highest, under the
    suite's name.
    """

    found: OverSuites
    output: Path | None = None
    """The page that was written."""

    @property
    def verdict(self) -> str:
        """Which method has the lowest mean rank, and which may rank as low."""
        return sentences(self.found)[0]

    def write(self) -> None:
        """Write the page, where one was asked for."""
        if self.output is not None:
            write_atomic(self.output, ranks_page(self.found))

    def print_on(self, console: Console) -> None:
        """A line a method, what may be said of them, and where the page lies."""
        print_ranks(console, self.found)
        if self.output is not None:
            console.print(f"page: {self.output}", markup=False, highlight=False)

    def to_pandas(self) -> pd.DataFrame:
        """A row a method."""
        import pandas as pd

        return pd.DataFrame([{
            "method": method.name, "mean_rank": method.mean, "low": method.low,
            "high": method.high, **{suite: place.rank for suite, place in
                                    zip(self.found.suites, method.places, strict=True)}}
            for method in self.found.methods])

    def plot(self) -> go.Figure:
        """Mean ranks with their 95% intervals."""
        from harness.report.plotted import Ranged, intervals

        return intervals([Ranged(method.name, method.mean, method.low, method.high)
                          for method in self.found.methods], "mean rank")


def print_ranks(console: Console, found: OverSuites) -> None:
    """A line a method: its mean rank, drawn, and its rank in each suite."""
    most = len(found.methods)
    table = Table("method", "mean rank", "95% interval", f"1 {'.' * (WIDTH - 4)} {most}",
                  *(f"{suite}, {metric}" for suite, metric in columns(found)), box=SIMPLE_HEAD,
                  pad_edge=False)
    for method in found.methods:
        table.add_row(escape(method.name), f"{method.mean:.2f}",
                      f"{method.low:.1f} to {method.high:.1f}", drawn(method, most),
                      *(f"{p.rank:g} ({p.low} to {p.high})" for p in method.places))
    console.print(table)
    for sentence in sentences(found):
        console.print(sentence, markup=False, highlight=False)


def drawn(method: Ranked, most: int) -> str:
    """The interval of a mean rank as a line of `WIDTH` signs from rank 1 to the last."""
    low, mean, high = (round((rank - 1) / max(1, most - 1) * (WIDTH - 1))
                       for rank in (method.low, method.mean, method.high))
    return "".join("●" if i == mean else "─" if low <= i <= high else " " for i in range(WIDTH))


def ranks_page(found: OverSuites) -> str:
    """The same as one HTML page that loads nothing; everything from studies is escaped."""
    return render("ranks.html", found=found, said=sentences(found), columns=columns(found))


def columns(found: OverSuites) -> list[tuple[str, str]]:
    """Each suite with what decides in it."""
    return [(suite, says(metric))
            for suite, metric in zip(found.suites, found.metrics, strict=True)]


def sentences(found: OverSuites) -> list[str]:
    """What may be said of the methods over these suites, and over others of their kind."""
    first = found.methods[0]
    rivals = [m.name for m in found.methods[1:] if m.low <= first.high]
    said = [f"Lowest mean rank over these {len(found.suites)} suites: {first.name}, "
            f"{first.mean:.2f} of {len(found.methods)}. "
            + (f"May rank as low: {', '.join(rivals)}." if rivals
               else "All others rank lower, at 5%.")]
    if found.p_value is None or found.critical_difference is None:
        said.append("Of other suites nothing can be said: that takes three suites and three "
                    "methods or more.")
    elif found.p_value >= ALPHA:
        said.append(f"Were these suites drawn from others of their kind, nothing would show that "
                    f"the methods differ (Friedman's test, p = {found.p_value:.2g}).")
    else:
        said.append(f"Over suites of this kind the methods differ (Friedman's test, p = "
                    f"{found.p_value:.2g}); mean ranks more than "
                    f"{found.critical_difference:.2f} apart do (Nemenyi).")
    if found.left_out:
        said.append(f"Left out, because a suite has no result of them: "
                    f"{', '.join(found.left_out)}.")
    return said
