"""A history as a page and as Markdown: `index.html`, `history.md`."""

from __future__ import annotations

import json
from pathlib import Path

from harness.common.files import write_atomic
from harness.report import words
from harness.report.files import PAGE
from harness.report.history import sentences
from harness.report.history.figure import over_time_figure
from harness.report.history.past import Past
from harness.report.page import with_figures
from harness.report.rendering import render
from harness.targets.kinds import says

MARKDOWN = "history.md"


def write_history(past: Past, folder: Path) -> Path:
    """Write both files into a folder, and return the page's path. Raises CannotWriteError."""
    write_atomic(folder / MARKDOWN, markdown(past))
    write_atomic(folder / PAGE, page(past))
    return folder / PAGE


def page(past: Past) -> str:
    """One file that opens without a network; everything from studies is escaped."""
    moments = past.moments
    drawn = {"over-time": json.loads(over_time_figure(moments).to_json())} if any(
        moment.figures for moment in moments) else {}
    return render("history.html", title=past.title, suite=past.suite, moments=moments,
                  said=sentences.summed_up(moments), metric=says(moments[-1].metric),
                  history=sentences, unread=past.unread, left_out=past.left_out,
                  **with_figures(drawn))


def markdown(past: Past) -> str:
    """The same in words and a table."""
    cell, moments = words.cell, past.moments
    lines = [f"# {cell(past.title)} over time", "",
             *(line for said in sentences.summed_up(moments) for line in (cell(said), "")),
             f"| made, commit | profile | verdict | {cell(says(moments[-1].metric))} | rivals "
             "| unlike the study before | the choice now | items | runs |",
             "|---|---|---|---|---|---|---|---|---|"]
    for moment in reversed(moments):
        verdict = (f"{moment.answer or 'use'} {moment.recommended}" if moment.recommended
                   else sentences.decided(moment))
        lines.append("| " + " | ".join(map(cell, (
            sentences.place(moment), moment.profile, verdict, sentences.ranged(moment),
            sentences.rivals(moment), sentences.differing(moment),
            sentences.now(moment.choice), str(moment.items), str(moment.runs)))) + " |")
    lines += ["", *(f"Not read: {cell(place)}: {cell(reason)}\n" for place, reason in past.unread)]
    if past.left_out:
        lines.append("There are older ones than these.")
    return "\n".join(lines).rstrip() + "\n"
