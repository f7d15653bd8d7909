"""What a model forgot, at the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.measure.forgetting.figures import Forgetting
from harness.report import words


def print_forgetting(console: Console, title: str, figures: Forgetting) -> None:
    """Benchmarks before and after with intervals, drift, similarity and a few items lost."""
    table = Table(title=escape(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("benchmark", no_wrap=True)
    for column in ("items", "before", "after", "points [95%]", "lost", "gained"):
        table.add_column(column, justify="right", no_wrap=True)
    for b in figures.benchmarks:
        table.add_row(escape(b.benchmark), str(b.items), f"{b.before:.3f}", f"{b.after:.3f}",
                      escape(words.points(b.difference, b.low, b.high)), str(b.lost),
                      str(b.gained))
    if figures.mean:
        m = figures.mean
        table.add_section()
        table.add_row("mean", str(sum(b.items for b in figures.benchmarks)), f"{m.before:.3f}",
                      f"{m.after:.3f}", escape(words.points(m.difference, m.low, m.high)), "", "")
    console.print(table)
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
        now = f", now: {item.after}" if item.after else ""
        console.print(f"lost ({item.benchmark}): …{item.text[-160:]!r} right: {item.target}{now}",
                      markup=False, highlight=False)
