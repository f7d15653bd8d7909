"""Predictions for a table, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from harness.report.lines import print_lines
from harness.report.shown import Shown

FAULT, SHOWN = "fault", 5


@dataclass(frozen=True, repr=False)
class Predicted(Shown):
    """What `predict` answered.

    As a frame a row a row of the input: `row` (its number, from 0), `item` (the id of its text),
    `prediction` (a class, a list of classes, a number, or words), and where there are classes
    the probability of each, from 0 to 1, under `p:CLASS`. A row whose probabilities are not finite
    has none. Of pictures also `file`, what each is called, and `fault`, why one has no answer.
    """

    rows: int
    path: Path | None
    """The Parquet file with the predictions; None where they are in memory alone."""
    unanswered: tuple[int, ...]
    """Rows that have no answer."""
    table: pa.Table | None = None

    @property
    def verdict(self) -> str:
        """How many rows there are, and where the answers lie."""
        return f"{self.rows:,} rows" + (f": {self.path}" if self.path else "")

    def print_on(self, console: Console) -> None:
        """How many rows, where, and which have no answer."""
        print_lines(console, [self.verdict])
        if self.unanswered:
            print_lines(console, [
                f"{len(self.unanswered):,} rows have no answer (row {self.unanswered[0]} is the "
                "first): nothing could be read, or the probabilities are not finite",
                *(f"row {row}: {fault}" for row, fault in self._faults())])

    def _faults(self) -> list[tuple[int, str]]:
        """The first rows that hold no picture, and why."""
        found = self.read()
        if FAULT not in found.column_names:
            return []
        rows = zip(found["row"].to_pylist(), found[FAULT].to_pylist(), strict=True)
        return [(row, fault) for row, fault in rows if fault is not None][:SHOWN]

    def read(self) -> pa.Table:
        """The rows with their answers."""
        return self.table if self.path is None else pq.read_table(self.path)

    def to_pandas(self) -> pd.DataFrame:
        """A row a row of the input."""
        return self.read().to_pandas()
