"""The gate at the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.common.text import excerpt, plain
from harness.gate.checks import Check, State
from harness.gate.verdict import ChangedItem, GateResult
from harness.report import picture_time
from harness.report.gate import sentences
from harness.report.lines import print_lines

COLOURS: dict[State, str] = {"passed": "green", "failed": "bold red", "undecided": "yellow",
                             "missing": "yellow", "withheld": "dim"}
SHOWN, LENGTH = 3, 100


def print_gate(console: Console, result: GateResult) -> None:
    """Checks, the items that changed, the verdict."""
    against = f" against {result.baseline.name}" if result.baseline else ""
    title = f"gate {result.suite}: {result.candidate.name}{against}"
    table = Table(title=escape(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    tiers = any(check.tier != "must" for check in result.checks)
    for column in (*(["tier"] if tiers else []), "rule", "found", "bounds", "wanted", "", "about"):
        table.add_column(column, no_wrap=column not in ("about", "rule"))
    for check in result.checks:
        wanted = f"{'<=' if check.at_most else '>='} {sentences.figure(check, check.limit)}"
        table.add_row(*([check.tier] if tiers else []), escape(check.rule),
                      escape(sentences.figure(check, check.value)),
                      escape(sentences.bounds(check).strip()), wanted,
                      f"[{_colour(check)}]{check.state}[/]", escape(check.about))
    console.print(table)
    print_lines(console, filter(None, (sentences.level(result), picture_time.of_gate(result),
                                  sentences.attempt(result))))
    for note in result.candidate.notes:
        console.print(f"{result.candidate.name}: {note}", markup=False, highlight=False,
                      soft_wrap=True)
    _items(console, "newly broken", result.broken)
    _items(console, "newly mended", result.mended)
    console.print(sentences.verdict(result), markup=False, highlight=False, soft_wrap=True)


def _colour(check: Check) -> str:
    """Red is what stops."""
    return COLOURS[check.state] if check.tier == "must" or check.state == "passed" else "yellow"


def _items(console: Console, title: str, items: Sequence[ChangedItem]) -> None:
    if not items:
        return
    rest = f", {min(SHOWN, len(items))} of them" if len(items) > SHOWN else ""
    console.print(f"{title}: {len(items)} items{rest}:", highlight=False)
    for item in items[:SHOWN]:
        text = excerpt(" ".join(item.text.split()), LENGTH)
        console.print(f"  {plain(text)!r}: {item.target}; before {item.baseline}, now "
                      f"{item.candidate}", markup=False, highlight=False, soft_wrap=True)
