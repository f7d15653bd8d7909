"""A suite's studies over time, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.report.history import sentences
from harness.report.history.figure import over_time_figure
from harness.report.history.past import Past
from harness.report.lines import print_lines
from harness.report.shown import Shown


@dataclass(frozen=True, repr=False)
class History(Shown):
    """A suite's studies, one after another.

    As a frame a row a study, the oldest first: `at` (UTC, ISO 8601), `commit`, `recommended` (None
    where nothing was), `answer` (use or lean), `metric` with its `value` of the recommended method
    and the ends of its 95% interval (`low`, `high`), `segment` (studies of one number are
    comparable), `breaks` (why it is no continuation of the one before) and `now` (what the newest
    study says of the recommended method: recommended, rival, behind, out, no-result, absent or
    none).
    """

    past: Past
    page: Path
    """The page that was written."""

    @property
    def verdict(self) -> str:
        """How often the answer changed, and what it is now."""
        return sentences.summed_up(self.past.moments)[0]

    def print_on(self, console: Console) -> None:
        """A line a study, the newest first, what may be said, and where the page lies."""
        table = Table("made, commit", "verdict", "the choice now", "unlike the study before",
                      box=SIMPLE_HEAD, pad_edge=False)
        for moment in reversed(self.past.moments):
            table.add_row(*map(escape, (
                sentences.place(moment), sentences.verdict(moment), sentences.now(moment.choice),
                sentences.differing(moment))))
        console.print(table)
        print_lines(console, sentences.summed_up(self.past.moments))
        print_lines(console, (f"not read: {place}: {why}" for place, why in self.past.unread))
        print_lines(console, [f"page: {self.page}"])

    def to_pandas(self) -> pd.DataFrame:
        """A row a study."""
        return pd.DataFrame([{
            "at": one.at, "commit": one.commit, "recommended": one.recommended,
            "answer": one.answer, "metric": one.metric,
            "value": one.figure and one.figure.mean, "low": one.figure and one.figure.low,
            "high": one.figure and one.figure.high, "segment": one.segment,
            "breaks": "; ".join(one.breaks), "now": one.choice.state}
            for one in self.past.moments])

    def plot(self) -> go.Figure:
        """A line a method, broken where figures are not comparable."""
        return over_time_figure(self.past.moments)
