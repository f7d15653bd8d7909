"""Baselines at the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.common.text import plain
from harness.gate.baseline import Baseline
from harness.report import words


def print_baseline(console: Console, baseline: Baseline) -> None:
    """What is approved, by whom, on what."""
    record, approval = baseline.record, baseline.approval
    table = Table(show_header=False, box=None, pad_edge=False)
    quality = record.quality
    lines = {
        "approved": f"{baseline.name}",
        "by": approval.by or "not said", "at": approval.at, "note": approval.note or words.ABSENT,
        "items": f"{len(baseline.items):,} test items of {baseline.origin}",
        "accuracy": f"{quality.accuracy:.3f}" if quality else words.ABSENT,
        "macro F1": f"{quality.macro_f1:.3f}" if quality else words.ABSENT,
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
    for column in ("at", "run", "method", "accuracy", "by", "note"):
        table.add_column(column, no_wrap=column != "note")
    for past in (baseline.past, *baseline.history):
        table.add_row(past.approval.at, past.run_id, escape(past.name), f"{past.accuracy:.3f}",
                      escape(plain(past.approval.by or "not said")),
                      escape(plain(past.approval.note)))
    console.print(table)
