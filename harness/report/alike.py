"""The matching table, and what must be said beside a verdict of how far arms came."""

from __future__ import annotations

from collections.abc import Iterator

from harness.compare.conditions import Conditions, Mark
from harness.report import words
from harness.report.published import Published
from harness.targets.kinds import says

HEADINGS = ("training examples", "words, median / longest", "cut by the window", "passes",
            "stopped by", "settings tried", "validation items", "chosen by")
DOUBTS: dict[Mark, str] = {
    "improving": "still improving when its budget ended",
    "edge": "its setting at the edge of its grid",
    "chance": "never above chance on validation"}
"""Facts of an arm that more steps, other settings or other data might change."""
OPEN = ("best", "tied", "undecided")


def tables(published: Published) -> Iterator[tuple[str, tuple[Conditions, ...]]]:
    """The arms that are ranked together, and what the others depart in; none of older files."""
    if published.conditions:
        yield "", published.conditions
    for beside in published.beside:
        if beside.conditions:
            yield beside.title, beside.conditions


def cells(row: Conditions) -> list[tuple[str, bool]]:
    """What stands under each of the headings, and whether it is unlike the others' or in doubt."""
    shown: list[tuple[str, tuple[Mark, ...]]] = [
        (str(row.train_items), ("examples",)),
        (words.ABSENT if row.words_median is None else
         f"{row.words_median:g} / {row.words_longest}", ("words",)),
        (words.ABSENT if row.share_cut is None else f"{row.share_cut:.0%}", ("cut",)),
        (words.ABSENT if row.passes is None else f"{row.passes:.3g}", ()),
        (_stopped(row), ("improving", "chance")),
        (str(row.trials) + (", at the edge" if "edge" in row.marks else ""), ("trials", "edge")),
        (_held_out(row), ("validation",)),
        (says(row.chosen_by) if row.chosen_by else words.ABSENT, ("chosen",))]
    return [(text, bool(set(marks) & set(row.marks))) for text, marks in shown]


def doubts(published: Published) -> list[str]:
    """A sentence for each doubt, with the arms it is about."""
    said = []
    for mark, text in DOUBTS.items():
        names = [row.name for row in published.conditions if mark in row.marks]
        if names:
            said.append(f"{text[0].upper()}{text[1:]}: {', '.join(names)}.")
    return said


def hangs_on(published: Published) -> str:
    """What a verdict hangs on, before it is said; empty where it hangs on no doubt.

    On the arms that it names, and on those that are not shown to be lower than the best.
    """
    verdict = published.verdict
    if verdict.recommended is None and not verdict.between:
        return ""
    rivals = {row.name for row in published.summary.rows if row.standing in OPEN}
    rivals |= {verdict.recommended or "", *verdict.between}
    by_doubt: dict[str, list[str]] = {}
    for row in published.conditions:
        if row.name in rivals and set(DOUBTS) & set(row.marks):
            doubt = ", ".join(text for mark, text in DOUBTS.items() if mark in row.marks)
            by_doubt.setdefault(doubt, []).append(row.name)
    found = [f"{', '.join(names)} ({doubt})" for doubt, names in by_doubt.items()]
    return f"Not settled, for it hangs on {'; '.join(found)}. " if found else ""


def _held_out(row: Conditions) -> str:
    worth = "" if row.validation_worth is None else f", worth {row.validation_worth:.0f}"
    return f"{row.validation_items}{worth}"


def _stopped(row: Conditions) -> str:
    said = row.stopped or words.ABSENT
    for mark, text in (("improving", "still improving"), ("chance", "never above chance")):
        said += f", {text}" if mark in row.marks else ""
    return said
