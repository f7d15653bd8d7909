"""The verdict: which method to use, on what evidence, and what would change that.

Facts only; `report.sentences` says them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from harness.compare.economics import Step, cheapest
from harness.compare.pairs import Difference, Pair
from harness.compare.summary import Row, Summary
from harness.measure.part import RecordPart
from harness.suite import Decide, Limits

Outcome = Literal["recommended", "nothing-measured", "metric-undefined", "none-admissible",
                  "limits-unmeasured", "not-above-floor"]


class Breach(RecordPart):
    """A limit that a method exceeds, or cannot be shown to keep (`found` None)."""

    name: str
    limit: str
    """Field of `decide: limits:`."""
    found: float | None
    allowed: float


class Rival(RecordPart):
    """An admissible method that the best is not significantly better than."""

    name: str
    behind: Difference | None
    """Best admissible minus this one; None for the best itself."""
    tied: bool
    """Whether a difference that matters lies outside the 95% interval."""
    money: float | None
    """Adaptation and the suite's number of requests."""
    above_floor: Difference | None
    """This one minus the majority class; None where that was not run."""
    useful: bool
    """Significantly above the majority class, or that was not run."""


class Verdict(RecordPart):
    """What the study says to do: the first useful rival. Rivals stand cheapest first."""

    outcome: Outcome
    metric: str
    requests: int
    matters: float
    recommended: str | None
    best: str | None
    """Highest of the admissible methods."""
    highest: str | None
    """Highest of all, limits or not."""
    rivals: tuple[Rival, ...]
    ruled_out: tuple[Breach, ...]
    unproven: tuple[Breach, ...]
    provisional: str | None = None
    """What would be recommended if every method kept the limits that it was not measured for,
    where that is another."""
    cheapest_by_requests: tuple[Step, ...]
    """Among the rivals, by number of requests."""
    without_limit: dict[str, str]
    """Limit to the method that would be recommended without it, where that is another."""
    items_needed: dict[str, int]
    """Rival to about how many test items would show its difference to the recommended method
    with 80% power, were the difference what it was here; 0 where the seeds' spread alone hides
    it, however many items there are."""
    single_seed: tuple[str, ...]
    """Rivals with randomness and one seed: their spread over seeds is not known."""


def decide(summary: Summary, rules: Decide) -> Verdict:
    """The cheapest admissible method among those that the best is not significantly better than.

    Deterministic; ties in cost go to the higher figure, then to the name.
    """
    done = [row for row in summary.rows if row.standing is not None]
    breaches = [breach for row in done for breach in _breaches(row, rules)]
    rivals = _rivals(summary, done, breaches, rules)
    first = _recommended(rivals)
    exceeded = [breach for breach in breaches if breach.found is not None]
    provisional = _recommended(_rivals(summary, done, exceeded, rules))
    outcome: Outcome = "recommended"
    if not done:
        outcome = ("metric-undefined" if any(row.common for row in summary.rows)
                   else "nothing-measured")
    elif not rivals:
        outcome = "limits-unmeasured" if provisional else "none-admissible"
    elif first is None:
        outcome = "not-above-floor"
    useful = {rival.name for rival in rivals if rival.useful}
    bills = [row.bill for row in done if row.bill and row.name in useful]
    return Verdict(
        outcome=outcome, metric=summary.metric, requests=rules.requests, matters=rules.matters,
        recommended=first,
        best=next((r.name for r in rivals if r.behind is None), None),
        highest=done[0].name if done else None, rivals=rivals,
        ruled_out=tuple(exceeded),
        unproven=tuple(b for b in breaches if b.found is None),
        provisional=None if provisional == first else provisional,
        cheapest_by_requests=cheapest(bills),
        without_limit=_without_limits(summary, done, breaches, rules, first),
        items_needed=_items_needed(summary, rivals, first),
        single_seed=tuple(row.name for row in done
                          if row.random and row.seeds - row.failed == 1
                          and row.name in useful))


def _recommended(rivals: Sequence[Rival]) -> str | None:
    return next((rival.name for rival in rivals if rival.useful), None)


def _found(row: Row, rules: Decide) -> dict[str, float | None]:
    """A row's figure under each limit; None where it was not measured."""
    change, bill = row.general_change, row.bill
    return {
        "p95_ms": row.p95_ms, "device_hours": row.device_hours,
        "peak_memory_gb": (None if row.peak_memory_bytes is None
                           else row.peak_memory_bytes / 1e9),
        "artifact_mb": row.artifact_bytes / 1e6 if row.artifact_bytes is not None else None,
        "forgetting_points": None if change is None else 0.0 - 100 * change,
        "money": bill.total(rules.requests) if bill else None,
    }


def _breaches(row: Row, rules: Decide) -> list[Breach]:
    found = _found(row, rules)
    return [Breach(name=row.name, limit=limit, found=found[limit], allowed=allowed)
            for limit in Limits.model_fields
            if (allowed := getattr(rules.limits, limit)) is not None
            and ((value := found[limit]) is None or value > allowed)]


def _rivals(summary: Summary, done: Sequence[Row], breaches: Sequence[Breach], rules: Decide
            ) -> tuple[Rival, ...]:
    out = {b.name for b in breaches}
    admissible = [row for row in done if row.name not in out]
    if not admissible:
        return ()
    best, rivals = admissible[0].name, []
    floor = next((row.name for row in done if row.method == "majority"), None)
    for place, row in enumerate(admissible):
        behind = difference(summary.pairs, best, row.name, summary.metric)
        if behind is not None and behind.significant:
            continue
        tied = behind is None or behind.rules_out(rules.matters)
        money = row.bill.total(rules.requests) if row.bill else None
        above = difference(summary.pairs, row.name, floor, summary.metric) if floor else None
        useful = floor is None or (above is not None and above.significant
                                   and above.difference > 0)
        rivals.append((money is None, money or 0.0, place, Rival(
            name=row.name, behind=behind, tied=tied, money=money, above_floor=above,
            useful=useful)))
    return tuple(rival for *_, rival in sorted(rivals, key=lambda found: found[:3]))


def difference(pairs: Sequence[Pair], first: str, second: str, metric: str) -> Difference | None:
    """One method minus another; None where they were not compared."""
    for pair in pairs:
        if metric in pair.differences:
            if (pair.first, pair.second) == (first, second):
                return pair.differences[metric]
            if (pair.first, pair.second) == (second, first):
                return pair.differences[metric].turned()
    return None


def _without_limits(summary: Summary, done: Sequence[Row], breaches: Sequence[Breach],
                    rules: Decide, first: str | None) -> dict[str, str]:
    found = {}
    for limit in dict.fromkeys(b.limit for b in breaches):
        left = [b for b in breaches if b.limit != limit]
        rivals = _rivals(summary, done, left, rules)
        other = _recommended(rivals)
        if other is not None and other != first:
            found[limit] = other
    return found


def _items_needed(summary: Summary, rivals: Sequence[Rival], first: str | None
                  ) -> dict[str, int]:
    found = {}
    for rival in rivals:
        gap = difference(summary.pairs, rival.name, first, summary.metric) if first else None
        if gap is not None and gap.difference > 0 and 0 < gap.detectable < math.inf:
            ratio = (gap.difference / gap.detectable) ** 2 - (1 - gap.items_share)
            found[rival.name] = (round(summary.common_items * gap.items_share / ratio)
                                 if ratio > 0 else 0)
    return found
