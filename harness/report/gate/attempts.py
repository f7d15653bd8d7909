"""What was tried against the baselines of a suite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.common.chained import Line
from harness.common.text import plain
from harness.gate.attempts import attempts_in
from harness.report import words
from harness.report.shown import Shown

COLUMNS = ("at", "against", "number", "candidate", "sha256", "outcome", "alpha")
SHORT = 12
"""Digits of a hash."""


@dataclass(frozen=True, repr=False)
class Tried(Shown):
    """The attempts against a suite's baselines.

    As a frame a row an attempt, oldest first: `at` (UTC, ISO 8601), `against` (hash of the approved
    model and the items that judge), its `number` against these, the `candidate` and the `sha256` of
    what it saved, the `outcome` (missing where it was not answered to the end), and `alpha`, its
    share of the 5%.
    """

    lines: tuple[Line, ...]
    path: Path

    @property
    def verdict(self) -> str:
        """How many there were, and how many passed."""
        outcomes = [row[COLUMNS.index("outcome")] for row in self._rows]
        return (f"{self.path}: {len(outcomes)} attempts, {outcomes.count('passed')} passed"
                if self.lines else f"{self.path}: attempts are not counted")

    @property
    def _rows(self) -> list[tuple[object, ...]]:
        return [(begun["at"], begun["against"], begun["number"], begun["candidate"],
                 begun["sha256_of_candidate"], ended and ended["outcome"], begun["alpha"])
                for begun, ended in attempts_in(self.lines)]

    def print_on(self, console: Console) -> None:
        """A line an attempt."""
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for column in COLUMNS:
            table.add_column(column, no_wrap=column != "candidate")
        for at, against, number, candidate, sha256, outcome, alpha in self._rows:
            table.add_row(*(escape(plain(str(cell))) for cell in (
                at, str(against)[:SHORT], number, candidate, str(sha256)[:SHORT],
                outcome or words.ABSENT, f"{alpha:.5f}")))
        if self.lines:
            console.print(table)
        console.print(plain(self.verdict), markup=False, highlight=False, soft_wrap=True)

    def to_pandas(self) -> pd.DataFrame:
        """A row an attempt, oldest first."""
        return pd.DataFrame(self._rows, columns=list(COLUMNS))
