"""Two models as they ship, or a run and what it ships as, at the terminal."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.compare.side_by_side import Apart, Divergence
from harness.report import sentences, words
from harness.report.lines import print_lines
from harness.report.shown import Shown
from harness.report.side_by_side import print_divergences
from harness.targets.kinds import says

SHOWN = 10


@dataclass(frozen=True)
class Side:
    """One of the two."""

    name: str
    weights: int | None
    """Bytes; None of a run."""
    p50_ms: float | None
    times: float | None
    """Its median latency over that of the run it was exported from, in one round; of a run 1."""


@dataclass(frozen=True, repr=False)
class ExportsBeside(Shown):
    """Two exported folders, or a run and a folder, on the test items that both answered.

    As a frame a row an item that they answer otherwise: `item`, `first`, `second` and what is
    `right`.
    """

    first: Side
    second: Side
    apart: Apart
    metric: str
    """What decides."""
    divergences: tuple[Divergence, ...]

    @property
    def verdict(self) -> str:
        """How many answers are others, and the difference in what decides, paired by item."""
        others = (f"{len(self.apart.others)} of {self.apart.items} items are answered otherwise by "
                  f"{self.second.name} than by {self.first.name}")
        gap = self.apart.differences.get(self.metric)
        if gap is None:
            return f"{others}."
        return f"{others}; {says(self.metric)} of the first less that of the second: " \
               f"{sentences.interval(gap)}."

    def print_on(self, console: Console) -> None:
        """What differs, every metric, bytes and latency, and the answers that are others."""
        print_divergences(console, self.divergences)
        table = Table("metric", "first - second, 95% interval", "p", box=SIMPLE_HEAD,
                      pad_edge=False, title=f"{self.apart.items} items answered by both",
                      title_justify="left")
        for metric, gap in self.apart.differences.items():
            table.add_row(says(metric), escape(sentences.interval(gap)), f"{gap.p_value:.2g}")
        console.print(table)
        table = Table("", "weights", "p50 latency", "of its run's, in one round", box=SIMPLE_HEAD,
                      pad_edge=False)
        for side in (self.first, self.second):
            table.add_row(escape(side.name), words.size(side.weights),
                          words.milliseconds(side.p50_ms),
                          words.ABSENT if side.times is None else f"{side.times:.2f}")
        console.print(table)
        print_lines(console, [*self._others(), self.verdict,
                              "Over items alone: each is one model. Latencies of two folders were "
                              "taken in two rounds: compare their ratios."])

    def _others(self) -> list[str]:
        frame = self.to_pandas()
        lines = [f"{one.item}: {one.first} / {one.second} (right: {one.right})"
                 for one in frame.head(SHOWN).itertuples()]
        return lines + ([f"and {len(frame) - SHOWN} more"] if len(frame) > SHOWN else [])

    def to_pandas(self) -> pd.DataFrame:
        """A row an item that is answered otherwise."""
        apart = self.apart
        return pd.DataFrame([[apart.ids[i], apart.said[0][i], apart.said[1][i], apart.right[i]]
                             for i in apart.others], columns=["item", "first", "second", "right"])
