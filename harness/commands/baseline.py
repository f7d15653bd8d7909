"""The approved model of a suite: approve, read."""

from __future__ import annotations

from pathlib import Path

from harness.common.errors import HarnessError
from harness.gate.approve import approval, git_user, keep_model, make_baseline
from harness.gate.baseline import model_folder, read_baseline, write_baseline
from harness.report.gate.baselines import Approved
from harness.study.store import find_run
from harness.suite import find_suite, load_suite
from harness.tasks.task import load_task


def approve(run_id: str, suite: str | None, suites: Path, runs: Path, baselines: Path, note: str,
            anonymous: bool, with_model: bool) -> Approved:
    """Make a run the baseline of its suite; the one before it goes into the history. Raises
    HarnessError for a suite that is not the run's."""
    store = find_run(runs, run_id)
    if store is None:
        raise HarnessError(f"there is no run '{run_id}' in {runs}/",
                           "Name the id of a kept run: see the report's runs.")
    record = store.record(run_id)
    loaded = load_suite(find_suite(suite or record.identity.suite, suites))
    if loaded.suite.name != record.identity.suite:
        raise HarnessError(f"run {run_id} is of the suite {record.identity.suite}, not of "
                           f"{loaded.suite.name}", "Name the file of its suite with --suite.")
    path = baselines / f"{record.identity.suite}.json"
    before = read_baseline(path) if path.exists() else None
    made = make_baseline(loaded, load_task(loaded), store, record, before,
                         approval(note, None if anonymous else git_user()))
    if with_model:  # first: a baseline never stands beside another's model
        keep_model(path, store, record)
    write_baseline(path, made)
    return Approved(made, path, model_folder(path) if with_model else None)


def read(suite: str, baselines: Path) -> Approved:
    """The baseline of a suite. Raises HarnessError."""
    return Approved(read_baseline(baselines / f"{suite}.json"))
