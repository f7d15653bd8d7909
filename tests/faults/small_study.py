"""A study that takes seconds, for faults to happen to."""

from __future__ import annotations

import io
from pathlib import Path

import yaml
from rich.console import Console
from tiny import sentences, suite_dict

from harness.commands import study as commands
from harness.commands.plan import prepare
from harness.study.planning.plan import PlannedRun
from harness.study.record import Record


class Watcher:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.warnings: list[str] = []

    def started(self, run: PlannedRun) -> None:
        self.ran.append(run.identity.label)

    def said(self, text: str) -> None:
        pass

    def warned(self, text: str) -> None:
        self.warnings.append(text)

    def ended(self, run: PlannedRun, record: Record) -> None:
        pass


def write_suite(folder: Path, encoder: Path, decoder: Path, **changes: object) -> Path:
    """One seed of a floor and three methods on the tiny encoder, as `tiny.yaml`."""
    folder.mkdir(parents=True, exist_ok=True)
    value = suite_dict(encoder, decoder) | {"methods": ["tfidf"]}
    value["budget"] |= {"seeds": 1, "trials": 1}
    del value["backbones"]["dec"]
    value["backbones"]["enc"]["methods"] = ["features", "full", "lora"]
    sentences().to_csv(folder / "data.csv", index=False)
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(value | changes, sort_keys=False), encoding="utf-8")
    return path


def study(suite: Path, folder: Path) -> None:
    """What `harness run` does."""
    prepared = prepare(str(suite), None, suite.parent)
    console = Console(file=io.StringIO())
    commands.run(console, prepared, folder / "runs", folder / "reports", fresh=False)
