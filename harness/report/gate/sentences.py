"""The gate's findings in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.gate.checks import Check
from harness.gate.verdict import GateResult, Outcome, outcome_of
from harness.report import words
from harness.suite.gate import Tier


def verdict(result: GateResult) -> str:
    """One sentence, and another where a rule that should hold does not."""
    return LEADS[result.outcome](result) + _warning(result)


def _passed(result: GateResult) -> str:
    instead = f" and may replace {result.baseline.name}" if result.baseline else ""
    return f"Passed: {_keeps(result)}{instead}."


def _failed(result: GateResult) -> str:
    return f"Failed: {result.candidate.name} may not ship: {_blocking(result)}."


def _cannot_say(result: GateResult) -> str:
    return f"Cannot say whether {result.candidate.name} may ship: {_blocking(result)}."


def _looked(result: GateResult) -> str:
    """What a verdict would say, were these the items that judge."""
    holds = outcome_of(result.checks, result.policy) == "passed"
    return ("Looked, which is no pass: "
            + (f"{_keeps(result)}." if holds else
               f"{result.candidate.name} does not keep the rules: {_blocking(result)}."))


LEADS: Mapping[Outcome, Callable[[GateResult], str]] = {
    "passed": _passed, "failed": _failed, "cannot-say": _cannot_say, "looked": _looked}


def _keeps(result: GateResult) -> str:
    return (f"{result.candidate.name} keeps all {len(result.of_tier('must'))} rules on "
            f"{result.items:,} items")


def _blocking(result: GateResult) -> str:
    """The first rule that must hold and does not, and how many more there are."""
    hidden = len(result.by_state("must", "withheld"))
    return _first(result, "must") or (
        f"it does not keep all of {hidden} rules on the gate's {result.items:,} items, whose "
        "figures are not told (--what-if looks at the test items)")


def _warning(result: GateResult) -> str:
    return f" Warning, it should: {found}." if (found := _first(result, "should")) else ""


def _first(result: GateResult, tier: Tier) -> str:
    broken = (*result.by_state(tier, "failed"), *result.by_state(tier, "missing", "undecided"))
    if not broken:
        return ""
    rest = len(broken) - 1
    more = f", and {rest} more of {len(result.of_tier(tier))} rules" if rest else ""
    return f"{finding(broken[0])}{more}"


def level(result: GateResult) -> str:
    """What the bounds are."""
    return (f"Bounds are one-sided, {100 * result.level:.4g}% each, by {result.part} group on the "
            "same items.")


def attempt(result: GateResult) -> str:
    """Which attempt it is and what it cost; nothing where attempts are not counted."""
    made = result.attempt
    if made is None:
        return ""
    if result.outcome == "looked":
        return (f"The next attempt against this baseline would be {made.number} of {made.limit}, "
                "and have these bounds. None was made, and nothing is written.")
    before = (f", answered before ({result.created}): this is that answer, and costs nothing"
              if made.kept else "")
    return (f"Attempt {made.number} of {made.limit} against this baseline{before}; all so far may "
            f"pass one wrongly with a chance of {100 * made.spent:.2g}%, of 5%.")


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
