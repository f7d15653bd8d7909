"""Two studies or two runs at the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.compare.pairs import Difference, McNemar
from harness.compare.side_by_side import Divergence, lines
from harness.report import sentences, words
from harness.report.published import Published
from harness.targets.kinds import says


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


def print_runs(console: Console, items: int, found: dict[str, Difference], test: McNemar) -> None:
    """First minus second in every metric, paired by item."""
    table = Table("metric", "first - second, 95% interval", "p", "detectable", box=SIMPLE_HEAD,
                  pad_edge=False, title=f"{items} items answered by both", title_justify="left")
    for metric, d in found.items():
        table.add_row(says(metric), escape(sentences.interval(d)),
                      f"{d.p_value:.2g}", f"{d.detectable:.3f}")
    console.print(table)
    console.print(f"right in the first only: {test.only_first}, in the second only: "
                  f"{test.only_second}; McNemar's exact test p = {test.p_value:.2g}, "
                  f"Cohen's g = {test.effect:.2f}", highlight=False)
    console.print("Over items alone: a run is one seed.")
