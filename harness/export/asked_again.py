"""A run of a study in some formats, each asked the run's test items, in a process of its own."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from harness.backbones.encoding.processor import Processor
from harness.common.clock import Clock
from harness.common.errors import CannotWriteError, HarnessError
from harness.common.files import sha256_file, sha256_json
from harness.common.kinds import ExportFormat
from harness.common.text import without_folders
from harness.common.unwritable import raise_if_full
from harness.export.answers import bytes_in, weights_in
from harness.export.formats import find_format
from harness.export.whole import Answers, Whole, whole_of
from harness.measure.as_exported import AsExported
from harness.processes.own import Say
from harness.study.assignment import Assignment, deciding
from harness.study.kept import SavedRun
from harness.study.merging import answered_otherwise
from harness.study.tables import table_of
from harness.tasks.examples import asked


@dataclass(frozen=True)
class ExportJob:
    """A finished run, the formats to write it in, with the key of each, and where to."""

    assignment: Assignment
    keys: Mapping[ExportFormat, str]
    folder: Path | None = None


@dataclass(frozen=True)
class Reader:
    """What answers from a folder without the model that was written there."""

    label: str
    answers: Answers
    processor: Processor
    window: int


def open_whole(assignment: Assignment) -> Whole:
    """The model of a finished run in its store. Raises HarnessError for one that is none."""
    store, run_id = assignment.store, assignment.identity.run_id
    record = store.record(run_id)
    store.check_artifact(record)
    return whole_of(SavedRun(assignment, record.setting or {}, store.artifact(run_id),
                             record.tempering.temperature if record.tempering else None))


def export_again(job: ExportJob, say: Say
                 ) -> list[tuple[AsExported, pa.Table | None, Reader | None]]:
    """The run in every format of the job, in a folder each. What cannot be written has a reason."""
    say(f"exporting {job.assignment.identity.label}")
    try:
        whole = open_whole(job.assignment)
    except HarnessError as error:
        return [(_refused(to, key, error.found), None, None) for to, key in job.keys.items()]
    return [_written(job, whole, to, key, say) for to, key in job.keys.items()]


def weights_sha256(folder: Path) -> str:
    """Over the files of weights in a folder, by name."""
    return sha256_json({path.relative_to(folder).as_posix(): sha256_file(path)
                        for path in weights_in(folder)})


def _written(job: ExportJob, whole: Whole, to: ExportFormat, key: str, say: Say
             ) -> tuple[AsExported, pa.Table | None, Reader | None]:
    task, store = job.assignment.task, job.assignment.store
    run_id, metric = job.assignment.identity.run_id, deciding(job.assignment)
    if job.folder is None or metric is None:
        raise AssertionError  # a plan's runs say what decides
    folder = job.folder / to
    folder.mkdir()
    try:
        form, start = find_format(to, whole), time.perf_counter()
        form.write(whole, folder)
        seconds = time.perf_counter() - start
        say(f"asking {whole.label} as {to}")
        said = form.load(whole, folder).predict(asked(task.splits.test), Clock())
    except CannotWriteError:
        raise
    except HarnessError as error:
        return _refused(to, key, error.found), None, None
    except Exception as error:  # a library's refusal is a result of the study, not its end
        raise_if_full(error)
        return _refused(to, key, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
                        ), None, None
    after = table_of(task, task.splits.test, said)
    parameters = sum(math.prod(one.shape) for one in whole.loaded.model.parameters())
    figures = AsExported(
        format=to, key=key, weights_sha256=weights_sha256(folder),
        weights_bytes=bytes_in(folder, parameters).weights, fp32_bytes=4 * parameters,
        changes=answered_otherwise(task, store.predictions(run_id), after, metric),
        write_seconds=seconds)
    return figures, after, Reader(whole.label, whole.answers, whole.loaded.processor,
                                  whole.loaded.window)


def _refused(to: ExportFormat, key: str, reason: str) -> AsExported:
    return AsExported(format=to, key=key, reason=without_folders(reason))
