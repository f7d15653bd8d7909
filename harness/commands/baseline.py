"""The approved model of a suite: approve, read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.gate.approve import approval, gate_sheet, git_user, keep_model, make_baseline
from harness.gate.attempts import approve_in, counts, log_beside
from harness.gate.baseline import model_folder, read_baseline, write_baseline
from harness.gate.log import read_log
from harness.report.console import sayer
from harness.report.gate.attempts import Tried
from harness.report.gate.baselines import Approved
from harness.study.store import find_run
from harness.suite import find_suite, load_suite
from harness.tasks.task import load_task


@dataclass(frozen=True)
class Asked:
    """What a user says of a run and where to look for it."""

    run_id: str
    suite: str | None
    profile: str | None
    suites: Path
    runs: Path


def approve(console: Console, asked: Asked, baselines: Path, note: str, anonymous: bool,
            with_model: bool) -> Approved:
    """Make a run the baseline of its suite; the one before it goes into the history. Where the
    suite keeps a part for the gate, the run answers it; where attempts are counted, its log begins.
    Raises HarnessError for a suite that is not the run's."""
    run_id, runs = asked.run_id, asked.runs
    store = find_run(runs, run_id)
    if store is None:
        raise HarnessError(f"there is no run '{run_id}' in {runs}/",
                           "Name the id of a kept run: see the report's runs.")
    record = store.record(run_id)
    loaded = load_suite(find_suite(asked.suite or record.identity.suite, asked.suites),
                        asked.profile)
    if loaded.suite.name != record.identity.suite:
        raise HarnessError(f"run {run_id} is of the suite {record.identity.suite}, not of "
                           f"{loaded.suite.name}", "Name the file of its suite with --suite.")
    path = baselines / f"{record.identity.suite}.json"
    before = read_baseline(path) if path.exists() else None
    task, log = load_task(loaded), log_beside(path)
    sheet = gate_sheet(loaded, task, store, record, detect(), sayer(console))
    logged = counts(loaded.suite.gate, sheet is not None, log)
    made = make_baseline(loaded, task, store, record, before,
                         approval(note, None if anonymous else git_user()), sheet, logged)
    if with_model:  # first: a baseline never stands beside another's model
        keep_model(path, store, record)
    if logged:  # nor without its line in the log
        approve_in(log, made)
    write_baseline(path, made)
    return Approved(made, path, model_folder(path) if with_model else None)


def read(suite: str, baselines: Path) -> Approved:
    """The baseline of a suite. Raises HarnessError."""
    return Approved(read_baseline(baselines / f"{suite}.json"))


def attempts(suite: str, baselines: Path) -> Tried:
    """What was tried against the baselines of a suite. Raises HarnessError for a log that cannot be
    trusted."""
    log = log_beside(baselines / f"{suite}.json")
    return Tried(read_log(log), log.path)
