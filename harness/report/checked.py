"""What the checks of the data found, at the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.check.finding import Finding
from harness.report import words
from harness.tasks.spread import PartSpread

COLOURS = {"error": "bold red", "warning": "yellow", "note": "dim"}


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
