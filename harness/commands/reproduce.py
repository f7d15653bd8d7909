"""A kept run, carried out again."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.report.console import sayer
from harness.report.reproduced import Reproduction
from harness.study.kept import leaves, saved_run, with_general
from harness.study.record import Record
from harness.study.reproduce import reproduce
from harness.study.store import find_run
from harness.suite import LoadedSuite, find_suite, load_suite
from harness.tasks.task import load_task


def again(console: Console, run_id: str, suite: str | None, suites: Path, runs: Path
          ) -> Reproduction:
    """What differs. Raises HarnessError."""
    store = find_run(runs, run_id)
    if store is None:
        raise HarnessError(f"there is no run {run_id} in {runs}/", "Name the id of a kept run.")
    record = store.record(run_id)
    loaded = _with_backbone(find_suite(suite or record.identity.suite, suites), record)
    saved = saved_run(loaded, load_task(loaded), detect(), store, record, store.artifact(run_id))
    saved = with_general(saved, loaded)
    return Reproduction(reproduce(saved, record, store, loaded.suite.run_limits, sayer(console)))


def _with_backbone(path: Path, record: Record) -> LoadedSuite:
    """The suite under a profile that has the run's backbone, and leaves the run's passages of
    general text where it saw some: all else that a run was asked is in its record."""
    first = load_suite(path)
    for name in (first.profile, *first.profiles, "standard"):
        loaded = load_suite(path, name)
        if record.identity.backbone in (None, *loaded.suite.backbones) and leaves(
                loaded, record.identity):
            return loaded
    return first
