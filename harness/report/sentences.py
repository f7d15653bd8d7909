"""The verdict in plain sentences, from templates: the same facts give the same words."""

from __future__ import annotations

import math

from harness.compare.pairs import Difference
from harness.compare.row import Row
from harness.compare.summary import Summary
from harness.compare.uncertainty import Figure
from harness.compare.verdict import Breach, Rival, Settling, Verdict, ahead
from harness.report import alike, words
from harness.report.published import Published
from harness.report.ranking import UNKNOWN, test
from harness.report.scope import scope
from harness.targets.kinds import KINDS, says

SAID = {"use": "Use", "lean": "Lean to", "undecided": "Undecided:", None: "Use"}
"""Older files say no answer, and what they named was to be used."""
LIMITS = {
    "p95_ms": ("p95 latency", words.milliseconds),
    "device_hours": ("adaptation", lambda hours: f"{hours:.3g} device-hours"),
    "peak_memory_gb": ("peak memory", lambda size: f"{size:.3g} GB"),
    "artifact_mb": ("artifact", lambda size: f"{size:.3g} MB"),
    "forgetting_points": ("loss on general benchmarks", lambda points: f"{points:.1f} points"),
    "money": ("cost", lambda money: f"{money:.2f}"),
}


def headline(published: Published) -> str:
    """The verdict in one sentence, and how much of the study it is of."""
    done, left = len(published.study.records), len(published.study.unfinished)
    so_far = f"So far, with {done} of {done + left} runs: " if left else ""
    return so_far + alike.hangs_on(published) + _decided(published) + scope(published)


def _decided(published: Published) -> str:
    verdict = published.verdict
    metric = says(verdict.metric)
    if verdict.outcome == "nothing-measured":
        return "No verdict: no method has a result."
    if verdict.outcome == "metric-undefined":
        return (f"No verdict: {metric} is not defined on the test items that every method "
                "answered.")
    if verdict.outcome == "none-admissible":
        return "No recommendation: every method exceeds a limit or cannot be shown to keep it."
    if verdict.outcome == "limits-unmeasured":
        return (f"No recommendation yet: {_unmeasured_limits(verdict)} limited and not measured. "
                f"By all that was measured it would be {verdict.provisional}.")
    if verdict.outcome == "not-above-floor":
        return (f"No recommendation: no admissible choice is shown to be better than always "
                f"answering {KINDS[published.study.kind].floor} ({metric}).")
    if verdict.outcome == "undecided":
        return f"Undecided between {words.listed(verdict.between)} ({metric})."
    shown = words.spread(_figure(published.summary, verdict.recommended))
    said = f"{SAID[verdict.answer]} {verdict.recommended}: {metric} {shown}"
    if verdict.answer != "lean" or verdict.loss is None:
        return f"{said}."
    return f"{said}; {_lost(verdict.loss)}."


def why(published: Published) -> list[str]:
    """Why this method, in sentences."""
    verdict = published.verdict
    if verdict.recommended is None and not verdict.between:
        return []
    unknown = [f"Seeds have no part in it for {', '.join(verdict.single_seed)}: one was run, and "
               "no method of their kind has more."] if verdict.single_seed else []
    return [*_why(published), *unknown]


def _why(published: Published) -> list[str]:
    verdict, summary = published.verdict, published.summary
    chosen = next((r for r in verdict.rivals if r.name == verdict.recommended), None)
    if verdict.outcome == "undecided":
        return _undecided(published)
    if chosen is None:
        return []
    out = {b.name for b in (*verdict.ruled_out, *verdict.unproven)}
    admissible = [row for row in summary.rows
                  if row.standing not in (None, "ceiling") and row.name not in out]
    useful = [r for r in verdict.rivals if r.useful]
    said = [_choice(published, chosen, len(admissible))]
    if verdict.best != chosen.name and chosen.behind:
        said.append(_not_best(verdict, chosen.behind, chosen.tied))
    if verdict.answer == "use":
        said.append(f"No admissible method is better by more than what matters "
                    f"({verdict.matters:.3g}), shown at 5% over all methods.")
    if chosen.above_floor is not None:
        said.append(f"It is better than {_floor(published)} by {interval(chosen.above_floor)}.")
    useless = [r.name for r in verdict.rivals if r not in useful]
    if useless:
        said.append(f"Not significantly {words.less(summary.metric)}, but left aside because not "
                    f"shown to be better than {_floor(published)}: {', '.join(useless)}.")
    return said


def _floor(published: Published) -> str:
    """What answers without reading."""
    return f"always answering {KINDS[published.study.kind].floor}"


def _choice(published: Published, chosen: Rival, admissible: int) -> str:
    verdict, summary = published.verdict, published.summary
    useful = [r for r in verdict.rivals if r.useful]
    if admissible == 1:
        kept = "is shown to keep" if verdict.unproven else "keeps"
        return f"It is the only method that {kept} every limit."
    if len(verdict.rivals) == 1:
        return (f"Every other admissible method is significantly {words.less(summary.metric)} "
                f"({test(summary)}).")
    if len(useful) == 1:
        return (f"It is the only admissible method that is shown to be better than "
                f"{_floor(published)} and that the best is not significantly better than "
                f"({test(summary)}).")
    if chosen.money is None:
        return (f"{len(useful)} admissible methods are not significantly "
                f"{words.less(summary.metric)} than the best of them ({test(summary)}). What they "
                "cost was not measured, so the best is named.")
    return (f"{len(useful)} admissible methods are not significantly {words.less(summary.metric)} "
            f"than the best of them ({test(summary)}). Of these, {chosen.name} costs least for "
            f"adaptation and {words.count(verdict.requests)} answers{_money(chosen, summary)}.")


def _undecided(published: Published) -> list[str]:
    verdict, summary = published.verdict, published.summary
    cheap = verdict.between[0]
    gaps = [f"{name} by {interval(gap)}" for name in verdict.between[1:]
            if (gap := ahead(summary, name, cheap)) is not None]
    said = [f"{cheap} costs least of those that the best is not significantly better than "
            f"({test(summary)})."]
    if gaps:
        said.append(f"{words.more(summary.metric).capitalize()}, and over all pairs neither shown "
                    "to be so nor shown to be so by no more than what matters "
                    f"({verdict.matters:.3g}): {words.listed(gaps)}; the 95% intervals "
                    "are each pair's own, before the correction.")
    return said


def _lost(loss: float) -> str:
    if not math.isfinite(loss):
        return "a loss of any size against another is not ruled out"
    return f"a loss of up to {loss:.3f} against another is not ruled out"


def _settling(published: Published, found: Settling) -> str:
    """What would settle it, and what that costs."""
    if not found.items:
        return "More seeds would settle it; more test items alone would not."
    minutes = sum(row.adapt_seconds or 0.0 for row in published.summary.rows
                  if row.name in (*published.verdict.between, published.verdict.recommended)) / 60
    again = f" (a seed more of each takes {minutes:.3g} minutes)" if minutes else ""
    return (f"About {words.count(found.items)} test items of {words.count(found.groups)} groups, "
            f"{found.times:.3g} times today's, would settle it, were the differences what they "
            f"were here{again}.")


def rivals(published: Published) -> list[str]:
    """Each other choice that is not significantly worse, and what the study can say of it."""
    verdict = published.verdict
    return [_rival(rival, published.summary) for rival in verdict.rivals
            if rival.useful and rival.name != verdict.recommended]


def ruled_out(verdict: Verdict) -> list[str]:
    """What was ruled out by which limit."""
    return [f"{b.name}: {_limit(b)}" for b in verdict.ruled_out]


def would_change(published: Published) -> list[str]:
    """What would change the verdict."""
    verdict, said = published.verdict, []
    for before, step in zip(verdict.cheapest_by_requests, verdict.cheapest_by_requests[1:],
                            strict=False):
        said.append(f"Volume: up to {words.count(step.requests)} answers {before.name} is the "
                    f"cheapest of the choices, beyond that {step.name}.")
    if verdict.provisional and verdict.outcome != "limits-unmeasured":
        said.append("If every method kept the limits that it was not measured for, it would be "
                    f"{verdict.provisional}.")
    for limit, name in verdict.without_limit.items():
        said.append(f"Without the limit on {LIMITS[limit][0]} it would be {name}.")
    if verdict.settled_by:
        said.append(_settling(published, verdict.settled_by))
    more = words.more(published.summary.metric)
    said += [f"{name} was {more}. If that difference is real, about {words.count(items)} test "
             "items would show it." for name, items in verdict.items_needed.items() if items]
    unshown = [name for name, items in verdict.items_needed.items() if not items]
    if unshown:
        said.append(f"{words.listed(unshown)} {'was' if len(unshown) == 1 else 'were'} {more}. If "
                    "that is real, more seeds are needed to show it.")
    return said


def not_measured(published: Published) -> list[str]:
    """What the verdict could not look at."""
    verdict, records = published.verdict, published.study.whole()
    said = [f"{b.name}: {LIMITS[b.limit][0]} (limit {LIMITS[b.limit][1](b.allowed)})"
            for b in verdict.unproven]
    if published.study.unfinished:
        said.append(f"Runs that are not done: {'; '.join(published.study.unfinished)}")
    said += _untimed(published.summary)
    if verdict.single_seed:
        said.append(f"The spread over seeds of {', '.join(verdict.single_seed)}: one seed was run")
    said += [f"The spread over seeds of {row.name}: one seed was run, so it has that of "
             f"{', '.join(row.kin)}" for row in published.summary.rows if row.kin]
    if not any(r.forgetting for r in records):
        said.append("Forgetting: no run has it")
    elif unknown := [row.name for row in published.summary.rows if _unasked(row)]:
        said.append(f"Forgetting of {', '.join(unknown)}")
    unpriced = [r.name for r in verdict.rivals if r.useful and r.money is None]
    if unpriced:
        said.append(f"The cost of {', '.join(unpriced)}")
    said += [f"{row.name}: {row.failed} of {row.seeds} seeds have no result"
             for row in published.summary.rows if row.failed]
    if published.summary.absent:
        said.append("Classes that no test item has: " + ", ".join(published.summary.absent)
                    + ". Macro F1 is over the others, so that 1 can be reached")
    few = published.summary.few_groups
    if few:
        said.append("The error that comes from classes with few groups of test items, which is "
                    "poorly known: " + ", ".join(f"{name} ({n})" for name, n in few.items()))
    return said


def _unmeasured_limits(verdict: Verdict) -> str:
    names = list(dict.fromkeys(LIMITS[b.limit][0] for b in verdict.unproven))
    return f"{words.listed(names)} {'is' if len(names) == 1 else 'are'}"


def _untimed(summary: Summary) -> list[str]:
    able = [row for row in summary.rows if row.common]
    names = [row.name for row in able if row.p50_ms is None]
    if not names:
        return []
    if len(names) < len(able):
        return [f"Latency of {', '.join(names)}"]
    return ["Latency, and so what answers cost: all methods are timed together once every run is "
            "done; run the same command again"]


def _unasked(row: Row) -> bool:
    """Whether a method with a result lacks figures of general benchmarks that others have."""
    return bool(row.common) and row.backbone is not None and row.forgot is None


def interval(difference: Difference) -> str:
    """A difference with its interval."""
    return words.interval(difference.difference, difference.low, difference.high)


def _figure(summary: Summary, name: str | None) -> Figure:
    return next(row.common[summary.metric] for row in summary.rows if row.name == name)


def _money(rival: Rival, summary: Summary) -> str:
    if rival.money is None:
        return ""
    source = "the suite's prices" if summary.rate.own else "the price table that ships"
    return f": {rival.money:.2f} {summary.rate.currency} by {source}"


def _not_best(verdict: Verdict, behind: Difference, tied: bool) -> str:
    said = f"{verdict.best} is the best of them, by {interval(behind)}."
    if tied:
        return f"{said} A difference that matters ({verdict.matters:.3g}) is ruled out."
    found = (f"to be found with 80% power it had to be {behind.detectable:.3f}"
             if math.isfinite(behind.detectable) else UNKNOWN)
    return (f"{said} The study is too small to rule out a difference that matters "
            f"({verdict.matters:.3g}); {found}.")


def _rival(rival: Rival, summary: Summary) -> str:
    cost = f", {rival.money:.2f} {summary.rate.currency}" if rival.money is not None else ""
    if rival.behind is None:
        return f"{rival.name}: the best{cost}"
    word = ("tied with the best" if rival.tied else
            f"not significantly {words.less(summary.metric)} than the best, but too small a study "
            "to call it a tie")
    return f"{rival.name}: {word}, {interval(rival.behind.turned())}{cost}"


def _limit(breach: Breach) -> str:
    name, shown = LIMITS[breach.limit]
    found = shown(breach.found) if breach.found is not None else "not measured"
    return f"{name} {found} (limit {shown(breach.allowed)})"
