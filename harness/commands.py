"""What the commands do, room by room: prepare, plan, run, report."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType

from rich.console import Console

from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.report.files import page_name, write_report
from harness.report.published import publish, read_published
from harness.report.terminal import ProgressWatcher, print_plan, print_results
from harness.study.estimate import estimate
from harness.study.plan import Plan, make_plan
from harness.study.run import missing, run_study
from harness.study.store import Store
from harness.study.study import make_study
from harness.suite import find_suite, load_suite


def prepare(suite: str, profile: str | None, suites: Path) -> Plan:
    """Load a suite, fetch what it names and plan its runs."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return make_plan(load_suite(find_suite(suite, suites), profile), detect())


def show_plan(console: Console, plan: Plan, runs: Path) -> None:
    """Print the plan and its estimate."""
    left = missing(plan, _store(plan, runs))
    print_plan(console, plan, left, estimate(plan, left))


def run(console: Console, plan: Plan, runs: Path, reports: Path, fresh: bool) -> int:
    """Plan, run, report. Returns the number of runs without a result."""
    store = _store(plan, runs)
    if fresh:
        for planned in plan.runs:
            with store.lock(planned.run_id):
                store.forget(planned.run_id)
    show_plan(console, plan, runs)
    # A pipeline's polite stop is handled as Ctrl-C is.
    signal.signal(signal.SIGTERM, _interrupt)
    left = missing(plan, store)
    with ProgressWatcher(console, len(left)) as watcher:
        records = run_study(plan, store, watcher)
    published = publish(make_study(plan, records), store.predictions)
    folder = write_report(published, reports)
    print_results(console, published)
    console.print(f"report: {page_name(folder)}", highlight=False, soft_wrap=True)
    return sum(record.status.state != "ok" for record in records.values())


def report(console: Console, suite: str, profile: str | None, suites: Path, runs: Path,
           reports: Path) -> None:
    """Write the report from the kept runs, or from `study.json` when no run is kept here."""
    plan = prepare(suite, profile, suites)
    store = _store(plan, runs)
    records = {r.run_id: record for r in plan.runs
               if (record := store.load(r.run_id)) is not None}
    if records:
        published = publish(make_study(plan, records), store.predictions)
    else:
        path = reports / plan.loaded.suite.name / "study.json"
        if not path.exists():
            raise HarnessError(f"no run of {plan.loaded.suite.name} is kept in {runs}/ and there "
                               f"is no {path}", f"Run `harness run {suite}` first.")
        published = read_published(path)
    console.print(f"report: {page_name(write_report(published, reports))}", highlight=False,
                  soft_wrap=True)


def _store(plan: Plan, runs: Path) -> Store:
    return Store(runs / plan.loaded.suite.name)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
