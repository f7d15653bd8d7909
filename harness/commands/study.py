"""Studies: prepare, plan, run, report."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from rich.console import Console

from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.report.files import STUDY, page_name, write_report
from harness.report.index import write_index
from harness.report.published import Published, publish, read_published
from harness.report.terminal import ProgressWatcher, print_plan, print_results
from harness.study.estimate import estimate
from harness.study.plan import Plan, make_plan
from harness.study.record import Record
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


def run(console: Console, plan: Plan, runs: Path, reports: Path, fresh: bool) -> Published:
    """Plan, run, report."""
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
    published = _published(plan, records, store)
    folder = write_report(published, reports)
    write_index(reports)
    print_results(console, published)
    console.print(f"report: {page_name(folder)}", highlight=False, soft_wrap=True)
    return published


def incomplete(plan: Plan, published: Published) -> int:
    """The number of runs without a result or not fully measured."""
    study, asked = published.study, plan.loaded.suite.measure.forgetting is not None
    failed = sum(record.status.state != "ok" for record in study.records)
    return failed + sum(
        asked and record.status.state == "ok" and record.identity.backbone is not None
        and record.forgetting is None for record in study.whole())


def log_to_wandb(console: Console, plan: Plan, published: Published, runs: Path, artifacts: bool
                 ) -> None:
    """Log what is new of a study. Trouble with W&B is said and costs nothing else."""
    from harness.report.dashboard import log_study

    try:
        count, mode = log_study(published, _store(plan, runs), artifacts)
    except Exception as error:  # whatever W&B raises, the study is done and kept
        console.print(f"W&B: not logged: {type(error).__name__}: {' '.join(str(error).split())}",
                      markup=False, highlight=False)
        return
    if count:
        console.print(f"W&B: {count} runs logged, {mode}", highlight=False)


def report(console: Console, suite: str, profile: str | None, suites: Path, runs: Path,
           reports: Path) -> None:
    """Write the report from the kept runs, or from `study.json` when no run is kept here."""
    plan = prepare(suite, profile, suites)
    store = _store(plan, runs)
    records = {r.run_id: record for r in plan.runs
               if (record := store.load(r.run_id)) is not None}
    if records:
        published = _published(plan, records, store)
    else:
        path = reports / plan.loaded.suite.name / STUDY
        if not path.exists():
            raise HarnessError(f"no run of {plan.loaded.suite.name} is kept in {runs}/ and there "
                               f"is no {path}", f"Run `harness run {suite}` first.")
        published = read_published(path)
    folder = write_report(published, reports)
    write_index(reports)
    console.print(f"report: {page_name(folder)}", highlight=False, soft_wrap=True)


def _published(plan: Plan, records: Mapping[str, Record], store: Store) -> Published:
    texts = {example.id: example.joined for example in plan.task.splits.test}
    return publish(make_study(plan, records), store.predictions, texts)


def _store(plan: Plan, runs: Path) -> Store:
    return Store(runs / plan.loaded.suite.name)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
