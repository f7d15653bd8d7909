"""The verdict: which method to use, on what evidence, and what would change that.

Facts only; `report.sentences` says them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from harness.compare.economics import Step, cheapest
from harness.compare.pairs import Difference, of_better
from harness.compare.row import Row
from harness.compare.summary import Summary
from harness.measure.part import RecordPart
from harness.suite import Decide, Limits

Outcome = Literal["recommended", "undecided", "nothing-measured", "metric-undefined",
                  "none-admissible", "limits-unmeasured", "not-above-floor"]
Answer = Literal["use", "lean", "undecided"]
"""How sure a verdict is: `use` where no rival is better by more than matters, shown at 5% over all
methods; `lean` where a loss of more is not ruled out, but none is seen; `undecided` where a dearer
rival is higher by more than matters, and neither shown to be so nor shown not to be."""
ORDER: tuple[str, ...] = ("undecided", "lean", "use")
"""From the least sure."""


class Breach(RecordPart):
    """A limit that a method exceeds, or cannot be shown to keep (`found` None)."""

    name: str
    limit: str
    """Field of `decide: limits:`."""
    found: float | None
    allowed: float


class Rival(RecordPart):
    """An admissible method that the best is not significantly better than, nor any other by more
    than what matters."""

    name: str
    behind: Difference | None
    """By how much the best admissible is better than this one; None for the best itself."""
    tied: bool
    """Whether a difference that matters lies outside the 95% interval."""
    money: float | None
    """Adaptation and the suite's number of requests."""
    above_floor: Difference | None
    """By how much it is better than what answers without reading; None where that was not run."""
    useful: bool
    """Significantly better than that, or that was not run."""


class Settling(RecordPart):
    """Test items, and groups of them, that would settle a verdict; 0 where seeds would."""

    items: int
    groups: int
    times: float
    """As many times today's items; infinite where no number of them is enough."""


class Verdict(RecordPart):
    """What the study says to do. Rivals stand cheapest first."""

    outcome: Outcome
    metric: str
    requests: int
    matters: float
    answer: Answer | None = None
    """None where there is nothing to decide between, and in older files."""
    loss: float | None = None
    """By how much an admissible method may be better than the recommended one, or the cheapest of
    those that it is undecided between: no study in twenty says less than is true."""
    between: tuple[str, ...] = ()
    """What it is undecided between: the cheapest first, then what is visibly higher."""
    settled_by: Settling | None = None
    """What would do to say `use`, were the differences what they were here; None for `use`."""
    recommended: str | None
    best: str | None
    """Of the admissible methods."""
    highest: str | None
    """Best of all, limits or not."""
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
    """Rivals with randomness and one seed that have no kin with more: their spread over seeds is
    not known, and no part of the verdict."""


def decide(summary: Summary, rules: Decide) -> Verdict:
    """The cheapest useful method that no admissible one is better than by what matters, as far as
    is shown; else the cheapest that the best is not significantly better than.

    Non-inferiority of whichever method is named, against the one that is truly best: Bonferroni
    over the methods that might be named (intersection-union over what each is held against: Berger,
    Technometrics 24, 1982). Deterministic; ties in cost go to the better figure, then to the name.
    """
    done = [row for row in summary.rows if row.standing not in (None, "ceiling")]
    breaches = [breach for row in done for breach in _breaches(row, rules)]
    rivals = _rivals(summary, done, breaches, rules)
    out = {breach.name for breach in breaches}
    admissible = [row.name for row in done if row.name not in out]
    answer, first, between = _answer(summary, rivals, admissible, rules)
    recommended = None if answer == "undecided" else first
    exceeded = [breach for breach in breaches if breach.found is not None]
    provisional = _recommended(summary, done, exceeded, rules)
    useful = {rival.name for rival in rivals if rival.useful}
    bills = [row.bill for row in done if row.bill and row.name in useful]
    return Verdict(
        outcome=_outcome(summary, done, rivals, answer, provisional), metric=summary.metric,
        requests=rules.requests, matters=rules.matters, recommended=recommended, answer=answer,
        loss=_loss(summary, first, admissible) if first else None, between=between,
        settled_by=_settling(summary, first, admissible, rules.matters)
        if first and answer != "use" else None,
        best=next((r.name for r in rivals if r.behind is None), None),
        highest=done[0].name if done else None, rivals=rivals,
        ruled_out=tuple(exceeded),
        unproven=tuple(b for b in breaches if b.found is None),
        provisional=None if provisional == first else provisional,
        cheapest_by_requests=cheapest(bills),
        without_limit=_without_limits(summary, done, breaches, rules, first),
        items_needed=_items_needed(summary, rivals, first),
        single_seed=tuple(row.name for row in done
                          if row.random and row.seeds - row.failed == 1 and not row.kin
                          and row.name in useful))


def _outcome(summary: Summary, done: Sequence[Row], rivals: Sequence[Rival],
             answer: Answer | None, provisional: str | None) -> Outcome:
    if not done:
        return ("metric-undefined" if any(row.common for row in summary.rows)
                else "nothing-measured")
    if not rivals:
        return "limits-unmeasured" if provisional else "none-admissible"
    if answer is None:
        return "not-above-floor"
    return "undecided" if answer == "undecided" else "recommended"


def _answer(summary: Summary, rivals: Sequence[Rival], admissible: Sequence[str], rules: Decide
            ) -> tuple[Answer | None, str | None, tuple[str, ...]]:
    """How sure, of which method, and between which."""
    useful = [rival for rival in rivals if rival.useful]
    if not useful:
        return None, None, ()
    for rival in useful:
        if _loss(summary, rival.name, admissible) <= rules.matters:
            return "use", rival.name, ()
    first = useful[0]
    if first.behind is None or first.behind.difference <= rules.matters:
        return "lean", first.name, ()
    higher = [r.name for r in useful if (gap := ahead(summary, r.name, first.name))
              and gap.difference > rules.matters]
    return ("undecided" if higher else "lean"), first.name, (first.name, *higher) if higher else ()


def _loss(summary: Summary, name: str, admissible: Sequence[str]) -> float:
    """By how much another admissible method may be better, at the least 0."""
    return max((gap.at_most for other in admissible if other != name
                and (gap := ahead(summary, other, name))
                and gap.at_most > 0), default=0.0)


def _settling(summary: Summary, name: str, admissible: Sequence[str], matters: float
              ) -> Settling:
    """How many items would rule out, or show, a difference that matters to each other method."""
    times, items = 1.0, 0
    for other in admissible:
        gap = ahead(summary, other, name)
        if gap is None or gap.at_most <= matters:
            continue
        far = abs(gap.difference - matters)
        ratio = ((far / (gap.at_most - gap.difference)) ** 2 - (1 - gap.items_share)
                 if math.isfinite(gap.at_most) else 0.0)
        more = max(1.0, gap.items_share / ratio if ratio > 0 else math.inf)
        times = max(times, more)
        if math.isfinite(more):
            items = max(items, math.ceil(_items(summary, other, name) * more))
    if not math.isfinite(times):
        return Settling(items=0, groups=0, times=times)
    items = items or summary.common_items
    return Settling(items=items, times=times,
                    groups=math.ceil(summary.groups * items / summary.common_items))


def _recommended(summary: Summary, done: Sequence[Row], breaches: Sequence[Breach],
                 rules: Decide) -> str | None:
    """What is named, or the cheapest of what it is undecided between, with these limits alone."""
    rivals = _rivals(summary, done, breaches, rules)
    out = {breach.name for breach in breaches}
    return _answer(summary, rivals, [r.name for r in done if r.name not in out], rules)[1]


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
        behind = ahead(summary, best, row.name)
        if (behind is not None and behind.significant) or outdone(
                summary, row.name, [other.name for other in admissible], rules.matters):
            continue
        tied = behind is None or behind.rules_out(rules.matters)
        money = row.bill.total(rules.requests) if row.bill else None
        above = ahead(summary, row.name, floor) if floor else None
        useful = floor is None or (above is not None and above.significant
                                   and above.difference > 0)
        rivals.append((money is None, money or 0.0, place, Rival(
            name=row.name, behind=behind, tied=tied, money=money, above_floor=above,
            useful=useful)))
    return tuple(rival for *_, rival in sorted(rivals, key=lambda found: found[:3]))


def ahead(summary: Summary, first: str, second: str) -> Difference | None:
    """By how much one method is better than another in what decides; None where they were not
    compared."""
    for pair in summary.pairs:
        found = pair.differences.get(summary.metric)
        if found is None or {pair.first, pair.second} != {first, second}:
            continue
        by = of_better(summary.metric, found)
        return by if pair.first == first else by.turned()
    return None


def _items(summary: Summary, first: str, second: str) -> int:
    """That two methods were compared on."""
    return next((pair.items for pair in summary.pairs
                 if {pair.first, pair.second} == {first, second} and pair.items is not None),
                summary.common_items)


def outdone(summary: Summary, name: str, others: Sequence[str], matters: float
            ) -> tuple[str, Difference] | None:
    """Which of the others is shown to be better by more than what matters, most surely of them, and
    by how much; None where none is."""
    by = {other: gap for other in others
          if other != name and (gap := ahead(summary, other, name)) and gap.significant
          and gap.at_least > matters}
    better = max(by, key=lambda other: by[other].at_least, default=None)
    return None if better is None else (better, by[better])


def _without_limits(summary: Summary, done: Sequence[Row], breaches: Sequence[Breach],
                    rules: Decide, first: str | None) -> dict[str, str]:
    found = {}
    for limit in dict.fromkeys(b.limit for b in breaches):
        left = [b for b in breaches if b.limit != limit]
        other = _recommended(summary, done, left, rules)
        if other is not None and other != first:
            found[limit] = other
    return found


def _items_needed(summary: Summary, rivals: Sequence[Rival], first: str | None
                  ) -> dict[str, int]:
    found = {}
    for rival in rivals:
        gap = ahead(summary, rival.name, first) if first else None
        if gap is not None and gap.difference > 0 and 0 < gap.detectable < math.inf:
            ratio = (gap.difference / gap.detectable) ** 2 - (1 - gap.items_share)
            answered = _items(summary, rival.name, first or "")
            found[rival.name] = (round(answered * gap.items_share / ratio)
                                 if ratio > 0 else 0)
    return found
