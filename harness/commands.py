"""What the commands do, room by room: prepare, plan, run, report."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from rich.console import Console

from harness.backbones.admission import admit
from harness.backbones.handle import folder_handle, get_backbone
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.common.files import write_atomic
from harness.common.names import did_you_mean
from harness.compare.side_by_side import (
    check_studies,
    compare_runs,
    lines,
    run_divergences,
    study_divergences,
)
from harness.measure.forgetting.figures import forgetting
from harness.measure.forgetting.names import check_suite
from harness.methods.elsewhere import check_vocabulary, load_tuned
from harness.report.files import STUDY, page_name, write_report
from harness.report.forgotten import print_forgetting
from harness.report.index import write_index
from harness.report.published import Published, publish, read_published
from harness.report.side_by_side import print_divergences, print_runs, print_studies
from harness.report.terminal import ProgressWatcher, print_plan, print_results
from harness.study.estimate import estimate
from harness.study.plan import Plan, make_plan
from harness.study.record import Record
from harness.study.run import missing, run_study
from harness.study.store import Store
from harness.study.study import make_study
from harness.study.untouched import examiner, forgetting_key, untouched
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


def forget(console: Console, model: Path, base: str, suite: str, profile: str | None,
           suites: Path, output: Path | None) -> None:
    """Measure what a model tuned elsewhere forgot, on the general items of a suite."""
    loaded = load_suite(find_suite(suite, suites), profile)
    check_suite(loaded)
    asked, device = loaded.suite.measure.forgetting, detect()
    if asked is None:
        raise HarnessError(f"suite {suite} measures no forgetting",
                           "Give it `measure: forgetting:`.")
    if base in loaded.suite.backbones:
        handle = get_backbone(loaded, base)
    elif Path(base).is_dir():
        handle = folder_handle(Path(base))
    else:
        raise HarnessError(f"'{base}' is neither a backbone of {suite} nor a model folder",
                           did_you_mean(base, loaded.suite.backbones))
    admitted = admit(model)
    check_vocabulary(admitted, handle)
    tuned = load_tuned(admitted, handle, device.type)
    examined_by = examiner(handle, asked)
    before = untouched(handle, asked, device, examined_by)
    start = time.perf_counter()
    after = examined_by.put_to(tuned, device)
    figures = forgetting(forgetting_key(handle, asked, device), before, after,
                         time.perf_counter() - start)
    print_forgetting(console, f"{model.name} against {handle.name}", figures)
    if output is not None:
        write_atomic(output, figures.model_dump_json(indent=1) + "\n")


def compare(console: Console, first: str, second: str, runs: Path, reports: Path) -> None:
    """Two studies, or two runs, side by side."""
    one, other = (_compared(name, runs, reports) for name in (first, second))
    if isinstance(one, Published) and isinstance(other, Published):
        check_studies(one.study, other.study,
                      (one.summary.common_items, other.summary.common_items))
        print_divergences(console, study_divergences(one.study, other.study))
        print_studies(console, one, other, lines(one.summary, other.summary))
    elif isinstance(one, Store) and isinstance(other, Store):
        run, against = _record(one, first), _record(other, second)
        tables = {first: one.predictions(first), second: other.predictions(second)}
        result = compare_runs(run, against, tables)
        print_divergences(console, run_divergences(run, against))
        print_runs(console, *result)
    else:
        raise HarnessError(f"'{first}' and '{second}' are a study and a run",
                           "Compare two studies or two runs.")


def _compared(name: str, runs: Path, reports: Path) -> Published | Store:
    """A study, or the store that keeps a run of this id."""
    for path in (Path(name), Path(name) / STUDY, reports / name / STUDY):
        if path.is_file():
            return read_published(path)
    for folder in sorted(runs.glob(f"*/{name}")) if re.fullmatch(r"[0-9a-f]{16}", name) else ():
        return Store(folder.parent)
    raise HarnessError(f"'{name}' is neither a study in {reports}/ nor a run in {runs}/",
                       "Name a suite with a report, a study.json or a run id.")


def _record(store: Store, run_id: str) -> Record:
    record = store.load(run_id)
    if record is None:
        raise HarnessError(f"run {run_id} is damaged", "Run its suite again.")
    return record


def _published(plan: Plan, records: Mapping[str, Record], store: Store) -> Published:
    texts = {example.id: example.joined for example in plan.task.splits.test}
    return publish(make_study(plan, records), store.predictions, texts)


def _store(plan: Plan, runs: Path) -> Store:
    return Store(runs / plan.loaded.suite.name)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
