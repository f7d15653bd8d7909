"""A kept run written for use elsewhere, and answered again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.common.files import atomic_folder
from harness.common.kinds import ExportFormat
from harness.export.answers import AnsweredAgain, answer_again, bytes_in
from harness.export.formats import Format, find_format
from harness.export.kept_folder import ANSWERS, MANIFEST, TABLE
from harness.export.manifest import manifest, reads_of
from harness.export.scripts import PREDICT, scripts
from harness.export.whole import Whole, whole_of
from harness.processes.turns import alone
from harness.report.card import card
from harness.report.console import sayer
from harness.report.exported import Exported
from harness.study.assignment import deciding
from harness.study.kept import SavedRun, check_usable, saved_run
from harness.study.record import Record
from harness.study.store import Store, find_run
from harness.suite import LoadedSuite, find_suite, load_suite
from harness.targets.kinds import KINDS
from harness.tasks.task import load_task

README = "README.md"


@dataclass(frozen=True)
class Asked:
    """What a user says of a run and where to look for it."""

    run_id: str
    suite: str
    profile: str | None
    suites: Path
    runs: Path


@dataclass(frozen=True)
class Subject:
    """A run, its suite and its model."""

    loaded: LoadedSuite
    store: Store
    record: Record
    run: SavedRun
    whole: Whole


def export(console: Console, asked: Asked, to: ExportFormat, output: Path | None) -> Exported:
    """Write the folder, whole or not at all.

    Raises HarnessError for a run that cannot be written so, and a folder that holds other things.
    """
    say = sayer(console)
    folder = output or Path("exports") / asked.run_id / to
    _check_free(folder)
    say("loading the run")
    subject = _subject(asked)
    form = find_format(to, subject.whole)
    device = subject.run.assignment.device
    with alone(device, say), atomic_folder(folder) as place:
        say(f"writing {to}")
        form.write(subject.whole, place)
        again, answers = _answered(subject, to, form, place, say)
        pq.write_table(answers, place / TABLE)
        _write_beside(subject, to, again, place)
    return Exported(folder, subject.record.identity.name, again)


def _subject(asked: Asked) -> Subject:
    store = find_run(asked.runs, asked.run_id)
    if store is None:
        raise HarnessError(f"there is no run '{asked.run_id}' in {asked.runs}/",
                           "Name the id of a kept run: see the report's runs.")
    loaded = load_suite(find_suite(asked.suite, asked.suites), asked.profile)
    record = store.record(asked.run_id)
    check_usable(record)
    run = saved_run(loaded, load_task(loaded), detect(), store, record,
                    store.artifact(asked.run_id))
    return Subject(loaded, store, record, run, whole_of(run))


def _answered(subject: Subject, to: ExportFormat, form: Format, place: Path,
              say: Callable[[str], None]) -> tuple[AnsweredAgain, pa.Table]:
    whole, suite = subject.whole, subject.loaded.suite
    metric = deciding(subject.run.assignment) or KINDS[whole.job.task.kind].metric(
        suite.decide.metric)
    parameters = sum(math.prod(one.shape) for one in whole.loaded.model.parameters())
    return answer_again(subject.run.assignment, to, form.load(whole, place),
                        subject.store.predictions(subject.record.identity.run_id), metric,
                        bytes_in(place, parameters), suite.measure.latency, say)


def _write_beside(subject: Subject, to: ExportFormat, again: AnsweredAgain, place: Path) -> None:
    """The program, the card, what was answered, and what all files are."""
    whole, loaded, record = subject.whole, subject.loaded, subject.record
    for name, text in scripts(to, whole).items():
        (place / name).write_text(text, encoding="utf-8")
    (place / ANSWERS).write_text(again.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (place / README).write_text(
        card(loaded.suite.title, subject.run.assignment.task.origin, record, reads_of(whole),
             again, whole.job.task.labels, (place / PREDICT).is_file()), encoding="utf-8")
    found = manifest(to, record, loaded.profile, whole, place)
    (place / MANIFEST).write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _check_free(folder: Path) -> None:
    """A folder that is replaced is one that was exported."""
    if folder.exists() and not (folder / MANIFEST).is_file() and (
            not folder.is_dir() or any(folder.iterdir())):
        raise HarnessError(f"{folder}: is there and was not exported",
                           "Name another folder with --output.")
