"""What a watch found, in words."""

from __future__ import annotations

from harness.common.capabilities import INPUTS
from harness.report import words
from harness.watch.result import Check, WatchResult

STATES = {"nothing": "nothing", "drift": "drift", "not-asked": "not asked"}


def verdict(result: WatchResult) -> str:
    """One sentence."""
    name = result.baseline.name
    drifted = [check for check in result.checks if check.state == "drift"]
    if drifted:
        rest = len(drifted) - 1
        more = f", and {rest} more of {len(result.checks)} checks" if rest else ""
        return f"Drift from {name}: {finding(drifted[0])}{more}."
    if result.outcome == "cannot-say":
        return f"Cannot say whether {name} sees what it was approved on: {result.notes[0]}."
    asked = sum(check.state != "not-asked" for check in result.checks)
    return (f"Nothing found: {result.items:,} {INPUTS[result.input].items} are, by {asked} checks, "
            f"as those that {name} was approved on.")


def finding(check: Check) -> str:
    """What was looked at, with figure and limit."""
    return f"{check.says}: {figure(check.value)}{interval(check)}, wanted {wanted(check)}"


def wanted(check: Check) -> str:
    """The limit: a change is found from it on, a share of the rows above it."""
    if check.limit is None:
        return words.ABSENT
    return f"{'<' if check.p_value is not None else '<='} {check.limit:g}"


def figure(value: float | None) -> str:
    """Three digits."""
    return words.ABSENT if value is None else f"{value:.3f}"


def interval(check: Check) -> str:
    """` [low, high]`; empty where there is none."""
    if check.low is None or check.high is None:
        return ""
    return f" [{check.low:.3f}, {check.high:.3f}]"


def chance(value: float | None) -> str:
    """A p value with two digits."""
    return words.ABSENT if value is None else f"{value:.2g}"
