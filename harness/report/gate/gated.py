"""What the gate found, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from rich.console import Console

from harness.gate.verdict import GateResult, Outcome
from harness.report.gate import sentences
from harness.report.gate.files import JSON
from harness.report.gate.terminal import print_gate
from harness.report.lines import print_lines
from harness.report.plotted import Ranged, intervals
from harness.report.shown import Shown
from harness.targets.kinds import says


@dataclass(frozen=True, repr=False)
class Gated(Shown):
    """What `gate` found of a candidate.

    As a frame a row a rule: `rule`, its `tier` (must, should, note), `state` (passed, failed,
    undecided, missing), `value` with its one-sided bounds (`low`, `high`; NaN where it is exact or
    absent), `limit`, `at_most` (whether the limit is an upper one), `unit` and `about`.
    """

    result: GateResult
    folder: Path | None
    """Where gate.json, gate.md and junit.xml lie; None of a look, which writes nothing."""
    annotations: tuple[str, ...] = ()
    """What a pipeline on GitHub reads; none elsewhere."""

    @property
    def outcome(self) -> Outcome:
        """passed, failed, cannot-say, or looked."""
        return self.result.outcome

    @property
    def verdict(self) -> str:
        """Whether it may ship, and what stops it."""
        return sentences.verdict(self.result)

    def print_on(self, console: Console) -> None:
        """Checks, the items that changed, the verdict, and where the files lie."""
        print_gate(console, self.result)
        written = () if self.folder is None else (f"gate: {self.folder / JSON}",)
        print_lines(console, (*written, *self.annotations))

    def to_pandas(self) -> pd.DataFrame:
        """A row a rule of the policy."""
        names = ("rule", "tier", "state", "value", "low", "high", "limit", "at_most", "unit",
                 "about")
        return pd.DataFrame([[getattr(check, name) for name in names]
                             for check in self.result.checks], columns=list(names))

    def plot(self) -> go.Figure:
        """Candidate minus baseline in every metric with one-sided bounds; the candidate's own
        figures where there is no baseline."""
        found = {name: figures.difference or figures.candidate
                 for name, figures in self.result.metrics.items()}
        return intervals([Ranged(says(name), one.value, one.low, one.high)
                          for name, one in found.items() if one is not None],
                         "candidate - baseline" if self.result.baseline else "candidate",
                         zero=0.0 if self.result.baseline else None)
