"""A history in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from harness.compare.over_time import Choice, Moment, State
from harness.report import words
from harness.targets.kinds import says

STATES: Mapping[State, str] = {
    "recommended": "still recommended", "rival": "not recommended, and the best is not "
    "significantly better", "behind": "the best is significantly better",
    "out": "breaks a limit, or is not shown to keep it", "no-result": "has no result now",
    "absent": "is not in the newest study", "none": words.ABSENT}
STANDING = ("recommended", "rival")
OUTCOMES = {"nothing-measured": "no result", "metric-undefined": "metric not defined",
            "none-admissible": "no method keeps the limits",
            "limits-unmeasured": "limits not measured",
            "not-above-floor": "nothing better than the floor"}


def summed_up(moments: Sequence[Moment]) -> list[str]:
    """What may be said of all of them."""
    newest = moments[-1]
    said = [_choices(moments), *_last(moments)]
    lines = newest.segment + 1
    if lines > 1:
        since = next(m for m in moments if m.segment == newest.segment)
        said.append(f"{lines - 1} {'breaks' if lines > 2 else 'break'}: figures of studies on two "
                    f"sides of one are not comparable; those since {minute(since)} are, with each "
                    "other.")
    said.append("Each study has its own errors, and studies on one test sample share its items: "
                "a figure inside the interval of the one before is no change.")
    return said


def _choices(moments: Sequence[Moment]) -> str:
    chosen = [m.recommended or decided(m) for m in moments]
    changes = sum(one != other for one, other in pairwise(chosen))
    span = f"{len(moments)} studies from {day(moments[0])} to {day(moments[-1])}"
    if len(moments) == 1:
        return f"One study, of {day(moments[0])}: {verdict(moments[0])}."
    if not changes:
        return f"{span}, all with one answer, {chosen[-1]}; the newest: {verdict(moments[-1])}."
    return (f"{span}: the answer changed {changes} {'times' if changes > 1 else 'time'}, and is "
            f"now {verdict(moments[-1])}.")


def _last(moments: Sequence[Moment]) -> list[str]:
    """Does the last other choice still stand?"""
    newest = moments[-1]
    other = next((m for m in reversed(moments[:-1])
                  if m.recommended and m.recommended != newest.recommended), None)
    if other is not None:
        return [f"The last other choice, {other.recommended} of {day(other)}: {now(other.choice)}."]
    before = next((m for m in reversed(moments[:-1]) if m.recommended), None)
    return [] if before is None else [
        f"The choice of {day(before)}, {before.recommended}, still stands."]


def now(choice: Choice) -> str:
    """What the newest study says of an older choice."""
    said = STATES[choice.state]
    if choice.behind is not None and choice.state in ("rival", "behind"):
        gap = choice.behind
        said += f", by {words.interval(gap.difference, gap.low, gap.high)}"
    return said if choice.comparable or choice.state == "none" else f"{said} (on other terms)"


def decided(moment: Moment) -> str:
    """What was decided where nothing was recommended."""
    if moment.between:
        return "undecided between " + words.listed(moment.between)
    return OUTCOMES.get(moment.outcome, moment.outcome)


def verdict(moment: Moment) -> str:
    """`use tfidf (macro F1 0.543 [0.463, 0.621])`."""
    if moment.recommended is None:
        return decided(moment)
    figure = moment.figure
    shown = "" if figure is None else f" ({says(moment.metric)} {ranged(moment)})"
    return f"{moment.answer or 'use'} {moment.recommended}{shown}"


def ranged(moment: Moment) -> str:
    """`0.543 [0.463, 0.621]` of the recommended method."""
    found = moment.figure
    if found is None:
        return words.ABSENT
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"


def day(moment: Moment) -> str:
    """`2026-11-28`."""
    return moment.at[:10]


def minute(moment: Moment) -> str:
    """`2026-11-28 04:12`."""
    return moment.at[:16].replace("T", " ")


def place(moment: Moment) -> str:
    """When, and by which commit."""
    return f"{minute(moment)}, {moment.commit[:8] if moment.commit else 'file'}"


def rivals(moment: Moment) -> str:
    """How many there are beside the recommended one, and the first of them."""
    return _first(moment.rivals, 3)


def _first(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) or words.ABSENT) + more


def differing(moment: Moment) -> str:
    """What is unlike the study before."""
    if moment.breaks:
        return "break: " + "; ".join(moment.breaks)
    return _first(moment.differs, 4)
