"""An exported folder at the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.export.answers import AnsweredAgain
from harness.report import words
from harness.report.lines import print_lines
from harness.report.shown import Shown
from harness.targets.kinds import says

SHOWN = 10
"""Changed answers at the terminal."""


@dataclass(frozen=True, repr=False)
class Exported(Shown):
    """What `export` wrote.

    As a frame a row a test item whose answer is another: `item`, `before`, `after` and what is
    `right`.
    """

    folder: Path
    name: str
    answers: AnsweredAgain

    @property
    def verdict(self) -> str:
        """How many answers are others, and in how many bytes."""
        again = self.answers
        return (f"{self.name} as {again.format}: {again.equal} of {again.items} test items "
                f"answered as before, {words.size(again.bytes.weights)} of weights "
                f"({again.bytes.of_fp32:.2f} of fp32)")

    def print_on(self, console: Console) -> None:
        """The run beside the folder, the answers that changed, and where it lies."""
        again, changes = self.answers, self.answers.changes
        served, own = again.latency["served"], again.latency["exported"]
        table = Table(title=escape(self.verdict), title_justify="left", box=SIMPLE_HEAD,
                      pad_edge=False)
        for column in ("", says(changes.metric), "latency", f"items/s at {own.batch}"):
            table.add_column(column, justify="left" if not column else "right", no_wrap=True)
        for row, value, timed in (("the run, as served", changes.before, served),
                                  ("the folder", changes.after, own)):
            table.add_row(row, words.ABSENT if value is None else f"{value:.3f}",
                          words.milliseconds(timed.p50_ms), f"{timed.items_per_second:.1f}")
        console.print(table)
        lines = [f"{one.item}: {one.before} is now {one.after} (right: {one.right})"
                 for one in again.changed[:SHOWN]]
        if len(again.changed) > SHOWN:
            lines.append(f"and {len(again.changed) - SHOWN} more, in answers.json")
        print_lines(console, [*lines, *self._moved(), f"export: {self.folder}"])

    def _moved(self) -> list[str]:
        changes = self.answers.changes
        largest = [] if changes.largest is None else [
            f"largest change of a probability: {changes.largest:.3g}"]
        if changes.p_value is None:
            return largest
        return [f"{changes.better} better, {changes.worse} worse (exact sign test, p = "
                f"{changes.p_value:.2g})", *largest]

    def to_pandas(self) -> pd.DataFrame:
        """A row a changed answer."""
        names = ("item", "before", "after", "right")
        return pd.DataFrame([[getattr(one, name) for name in names]
                             for one in self.answers.changed], columns=list(names))
