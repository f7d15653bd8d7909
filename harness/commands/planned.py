"""`harness plan` as far as it needs nothing that computes: a plan that still stands is said again.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from harness.common.errors import HarnessError
from harness.common.memory import available
from harness.report.planned import Planned
from harness.study.planning.kept_outline import KeptOutline, look_up, outline_name
from harness.suite import find_suite, load_suite


def planned(console: Console, suite: str, profile: str | None, suites: Path, runs: Path) -> Planned:
    """A suite's plan: the kept one where nothing has changed that it was made from, else a new one,
    which is kept. Raises HarnessError."""
    name, kept = _found(suite, profile, suites, runs)
    if kept is not None and kept.needs <= available(kept.outline.device):
        return Planned(kept.outline)
    from harness.commands import plan  # seconds of imports

    return plan.planned(console, plan.prepare(suite, profile, suites), runs, name)


def _found(suite: str, profile: str | None, suites: Path, runs: Path
           ) -> tuple[str | None, KeptOutline | None]:
    """The plan's name, and what is kept under it. None for a suite whose plan has none, because
    something of it is not to be had: making the plan says what, and where it is named."""
    loaded = load_suite(find_suite(suite, suites), profile)
    kept_runs = runs / loaded.suite.name
    try:
        name = outline_name(loaded, kept_runs)
    except (HarnessError, OSError):
        return None, None
    return name, look_up(name, kept_runs)
