"""Baselines at the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.common.text import plain
from harness.gate.baseline import Baseline
from harness.report import words
from harness.report.lines import print_lines
from harness.report.shown import Shown
from harness.targets.kinds import KINDS, says


@dataclass(frozen=True, repr=False)
class Approved(Shown):
    """The approved model of a suite.

    As a frame a row an approval, newest first: `at` (UTC, ISO 8601), `run_id`, `name`, `metric`
    (the first of the kind of task: accuracy of classes), its `value`, `by` and `note`.
    """

    baseline: Baseline
    path: Path | None = None
    """The file that was written, by an approval."""
    model: Path | None = None
    """Where what the run saved was copied to."""

    @property
    def verdict(self) -> str:
        """What is approved, and when it was."""
        return f"{self.baseline.suite}: {self.baseline.name}, approved {self.baseline.approval.at}"

    def print_on(self, console: Console) -> None:
        """What is approved, by whom, on what."""
        print_lines(console, [f"{what}: {path}" for what, path in (
            ("model", self.model), ("baseline", self.path)) if path is not None])
        print_baseline(console, self.baseline)

    def print_history(self, console: Console) -> None:
        """The baseline and all before it, newest first."""
        print_history(console, self.baseline)

    def to_pandas(self) -> pd.DataFrame:
        """A row an approval, newest first."""
        return pd.DataFrame([{
            "at": past.approval.at, "run_id": past.run_id, "name": past.name,
            "metric": past.metric, "value": past.value, "by": past.approval.by,
            "note": past.approval.note}
            for past in (self.baseline.past, *self.baseline.history)])


def print_baseline(console: Console, baseline: Baseline) -> None:
    """What is approved, by whom, on what."""
    record, approval = baseline.record, baseline.approval
    table = Table(show_header=False, box=None, pad_edge=False)
    lines = {
        "approved": f"{baseline.name}",
        "by": approval.by or "not said", "at": approval.at, "note": approval.note or words.ABSENT,
        "items": f"{len(baseline.items):,} test items of {baseline.origin}",
        **({} if baseline.gate is None else {
            "judged by": f"{len(baseline.gate.items):,} items of the gate's part, which no study "
                         "reads"}),
        "attempts": "counted" if baseline.logged else "not counted",
        **{metric.says: _figure(record.figures.get(metric.name))
           for metric in KINDS[baseline.kind].own[:2]},
        "model": f"{words.size(baseline.artifact_bytes)}, sha256 {baseline.artifact_sha256[:16]}",
        "made by": f"commit {(record.environment.commit or 'unknown')[:12]} on "
                   f"{record.environment.device}",
        "sha256": baseline.sha256,
    }
    for name, value in lines.items():
        table.add_row(name, escape(plain(value)))
    console.print(table)


def print_history(console: Console, baseline: Baseline) -> None:
    """A line an approval."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("at", "run", "method", says(baseline.past.metric), "by", "note"):
        table.add_column(column, no_wrap=column != "note")
    for past in (baseline.past, *baseline.history):
        table.add_row(past.approval.at, past.run_id, escape(past.name), _figure(past.value),
                      escape(plain(past.approval.by or "not said")),
                      escape(plain(past.approval.note)))
    console.print(table)


def _figure(value: float | None) -> str:
    return words.ABSENT if value is None else f"{value:.3f}"
