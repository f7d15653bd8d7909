"""What the checks of the data found, at the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.check.finding import ORDER, Finding
from harness.report import words
from harness.report.lines import print_lines
from harness.report.shown import Shown
from harness.tasks.spread import PartSpread

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

COLOURS = {"error": "bold red", "warning": "yellow", "note": "dim"}


@dataclass(frozen=True, repr=False)
class Checked(Shown):
    """What `check` found in a suite's data.

    As a frame a row a finding, errors first: `severity` (error, warning or note), `check`, `found`,
    `count` (items, classes or columns it is about), `suggestion`, `examples` (a tuple of texts, cut
    short).
    """

    suite: str
    notes: tuple[str, ...]
    """Of the backbones, and of methods that are known to fail."""
    spread: tuple[PartSpread, ...]
    """Items and groups by part and class."""
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Those that stop a run."""
        return tuple(found for found in self.findings if found.severity == "error")

    @property
    def verdict(self) -> str:
        """Whether the data may be run on."""
        count = {level: sum(one.severity == level for one in self.findings) for level in ORDER}
        found = ", ".join(f"{number} {level}s" for level, number in count.items())
        return f"{self.suite} {'cannot' if self.errors else 'can'} be run: {found}."

    def print_on(self, console: Console) -> None:
        """Notes, the spread over parts, a paragraph a finding."""
        print_lines(console, self.notes)
        print_spread(console, self.spread)
        print_findings(console, self.findings)

    def to_pandas(self) -> pd.DataFrame:
        """A row a finding."""
        import pandas as pd

        columns = ("severity", "check", "found", "count", "suggestion", "examples")
        return pd.DataFrame([[getattr(one, name) for name in columns] for one in self.findings],
                            columns=list(columns))

    def plot(self) -> go.Figure:
        """Items by class, a bar a class and a colour a part."""
        from harness.report.plotted import bars

        parts = dict.fromkeys(row.part for row in self.spread)
        return bars({part: {row.label: row.there.items for row in self.spread
                            if row.part == part and row.label is not None} for part in parts},
                    "items")


def print_spread(console: Console, found: Sequence[PartSpread]) -> None:
    """Items and groups by part and class, and how many groups they are worth."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("part", "class"):
        table.add_column(column, no_wrap=True)
    for column in words.GROUPED:
        table.add_column(column, justify="right")
    for row in found:
        table.add_row(row.part, escape(row.label or "all"), *words.grouped(row))
    console.print(table)


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """A paragraph a finding."""
    for finding in findings:
        console.print(f"[{COLOURS[finding.severity]}]{finding.severity}[/] ", end="")
        console.print(f"{finding.check}: {finding.found}", markup=False, highlight=False,
                      soft_wrap=True)
        for example in finding.examples:
            console.print(f"    {example}", markup=False, highlight=False, soft_wrap=True)
        console.print(f"    {finding.suggestion}", markup=False, highlight=False, soft_wrap=True)
