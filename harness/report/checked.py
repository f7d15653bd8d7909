"""What the checks of the data found, at the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from harness.check.finding import Finding

COLOURS = {"error": "bold red", "warning": "yellow", "note": "dim"}


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """A paragraph a finding."""
    for finding in findings:
        console.print(f"[{COLOURS[finding.severity]}]{finding.severity}[/] ", end="")
        console.print(f"{finding.check}: {finding.found}", markup=False, highlight=False,
                      soft_wrap=True)
        for example in finding.examples:
            console.print(f"    {example}", markup=False, highlight=False, soft_wrap=True)
        console.print(f"    {finding.suggestion}", markup=False, highlight=False, soft_wrap=True)
