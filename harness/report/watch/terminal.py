"""A watch at the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.report import words
from harness.report.lines import print_lines
from harness.report.watch import sentences
from harness.watch.result import WatchResult

COLOURS = {"nothing": "green", "drift": "bold red", "not-asked": "dim"}
DAY = ("p values are Holm's over the day's tests: a day on which nothing changed is called drift "
       "by any of them with a chance of at most {level:.0%}. `all days`: found at that level over "
       "all days together.")


def print_watch(console: Console, result: WatchResult) -> None:
    """Checks, the classes' shares, notes, the verdict."""
    table = Table(title=escape(f"watch {result.suite}: {result.baseline.name}, table "
                               f"{result.look}"), title_justify="left", box=SIMPLE_HEAD,
                  pad_edge=False)
    for column in ("check", "found", "wanted", "p", "all days", "", "about"):
        table.add_column(column, no_wrap=column not in ("check", "about"))
    for check in result.checks:
        days = {None: words.ABSENT, True: "drift", False: "nothing"}[check.over_days]
        table.add_row(escape(check.says),
                      escape(sentences.figure(check.value) + sentences.interval(check)),
                      sentences.wanted(check), sentences.chance(check.adjusted), days,
                      f"[{COLOURS[check.state]}]{sentences.STATES[check.state]}[/]",
                      escape(check.about))
    console.print(table)
    _classes(console, result)
    _labelled(console, result)
    if any(check.p_value is not None for check in result.checks):
        print_lines(console, [DAY.format(level=result.policy.level)])
    print_lines(console, (f"note: {note}" for note in result.notes))
    print_lines(console, [sentences.verdict(result)])


def _classes(console: Console, result: WatchResult) -> None:
    if not result.classes:
        return
    table = Table("class", "share then", "now", "now - then, 95% interval", box=SIMPLE_HEAD,
                  pad_edge=False)
    for one in result.classes:
        table.add_row(escape(one.name), f"{one.before:.3f}", f"{one.now:.3f}",
                      escape(words.interval(one.difference, one.low, one.high)))
    console.print(table)


def _labelled(console: Console, result: WatchResult) -> None:
    if result.approved_right is not None and result.estimates:
        told = "; ".join(f"{one.by} {one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"
                         for one in result.estimates)
        print_lines(console, [f"share right, approved {result.approved_right:.3f}; told without "
                              f"labels: {told}"])
    found = result.labelled
    if found is None:
        return
    known = f" ({found.known} of this table were counted before)" if found.known else ""
    print_lines(console, [
        f"labelled {found.unit}: {found.new} new{known}, {found.units} in all, share right "
        f"{found.share:.3f} [{found.low:.3f}, {found.high:.3f}] at all times; approved "
        f"{found.approved:.3f} [{found.approved_low:.3f}, {found.approved_high:.3f}]; evidence "
        f"that it fell below {found.least:.3f}: {found.evidence:.3g}, drift from "
        f"{found.needed:g} on"])
