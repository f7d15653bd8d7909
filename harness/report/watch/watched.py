"""What a watch found, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from rich.console import Console

from harness.common.files import write_atomic
from harness.report.lines import print_lines
from harness.report.plotted import Ranged, intervals
from harness.report.shown import Shown
from harness.report.watch import sentences
from harness.report.watch.prometheus import exposition
from harness.report.watch.terminal import print_watch
from harness.watch.result import Outcome, WatchResult


@dataclass(frozen=True, repr=False)
class WatchFound(Shown):
    """What `watch` found of a table.

    As a frame a row a check: `name`, `says` (what `value` is), `state` (nothing, drift or
    not-asked), `value` with its 95% interval (`low`, `high`; NaN where it has none), `limit`,
    `p_value`, `adjusted` (after Holm's correction over the day's tests), `over_days` (whether it is
    found at the level of all days together) and `about`.
    """

    result: WatchResult
    files: tuple[Path, ...] = ()
    """What was written."""

    @property
    def outcome(self) -> Outcome:
        """nothing-found, drift or cannot-say."""
        return self.result.outcome

    @property
    def verdict(self) -> str:
        """What was found first, or that nothing was."""
        return sentences.verdict(self.result)

    def print_on(self, console: Console) -> None:
        """Checks, shares of classes, what labels say, the verdict, and what was written."""
        print_watch(console, self.result)
        print_lines(console, (f"wrote: {path}" for path in self.files))

    def to_pandas(self) -> pd.DataFrame:
        """A row a check."""
        names = ("name", "says", "state", "value", "low", "high", "limit", "p_value", "adjusted",
                 "over_days", "about")
        return pd.DataFrame([[getattr(check, name) for name in names]
                             for check in self.result.checks], columns=list(names))

    def plot(self) -> go.Figure:
        """Shares of the classes answered, now less then, with 95% intervals."""
        return intervals([Ranged(one.name, one.difference, one.low, one.high)
                          for one in self.result.classes], "share now - share then", zero=0.0)


def write_watch(result: WatchResult, as_json: Path | None, prometheus: Path | None) -> WatchFound:
    """Write what was asked for. Raises CannotWriteError."""
    found = {as_json: result.model_dump_json(indent=1) + "\n", prometheus: exposition(result)}
    files = tuple(path for path in found if path is not None)
    for path in files:
        write_atomic(path, found[path])
    return WatchFound(result, files)
