"""The gate's findings in words."""

from __future__ import annotations

from harness.gate.checks import Check
from harness.gate.verdict import GateResult
from harness.report import words


def verdict(result: GateResult) -> str:
    """One sentence."""
    name = result.candidate.name
    if result.outcome == "passed":
        instead = f" and may replace {result.baseline.name}" if result.baseline else ""
        return (f"Passed: {name} keeps all {len(result.checks)} rules on {result.items:,} "
                f"items{instead}.")
    blocking = result.by_state("failed") or result.by_state("missing", "undecided")
    rest = sum(c.state != "passed" for c in result.checks) - 1
    more = f", and {rest} more of {len(result.checks)} rules" if rest else ""
    lead = (f"Failed: {name} may not ship" if result.outcome == "failed"
            else f"Cannot say whether {name} may ship")
    return f"{lead}: {finding(blocking[0])}{more}."


def finding(check: Check) -> str:
    """A rule with its figure, bounds and limit."""
    wanted = f"{'at most' if check.at_most else 'at least'} {figure(check, check.limit)}"
    about = f" ({check.about})" if check.about else ""
    if check.value is None:
        return f"{check.rule}: no figure{about}; wanted {wanted}"
    doubt = ", not decided by these items" if check.state == "undecided" else ""
    found = f"{figure(check, check.value)}{bounds(check)}"
    return f"{check.rule}: {found}, wanted {wanted}{doubt}{about}"


def bounds(check: Check) -> str:
    """` [low, high]`, empty for an exact figure."""
    if check.low is None or check.high is None:
        return ""
    return f" [{figure(check, check.low)}, {figure(check, check.high)}]"


def figure(check: Check, value: float | None) -> str:
    """A value in the check's unit."""
    if value is None:
        return words.ABSENT
    if check.unit == "bytes":
        return words.size(int(value))
    if check.unit == "ratio":
        return f"{value:.2f}x"
    if check.unit == "points":
        return f"{words.points(value, None, None)} points"
    return f"{value:.3f}" + (" nats" if check.unit == "nats" else "")
