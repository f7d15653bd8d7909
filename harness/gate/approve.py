"""Approving a run: what becomes the baseline of a suite, and where its model is kept."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.common.files import atomic_folder, sha256_tree
from harness.common.now import now
from harness.common.sealed import seal
from harness.gate.baseline import Approval, Baseline, as_judged, examples_of, model_folder
from harness.gate.sheet import Sheet, sheet_of
from harness.processes.own import Say
from harness.processes.turns import alone
from harness.study.answered import TARGETS
from harness.study.kept import SavedRun, check_stands, check_usable, saved_bytes, saved_run
from harness.study.record import Record
from harness.study.store import Store
from harness.study.tables import table_of
from harness.suite import Budget, LoadedSuite
from harness.targets.kinds import KINDS
from harness.tasks.examples import asked
from harness.tasks.items import column
from harness.tasks.task import Task

SEEN = {"test": "training or validation", "gate": "training, validation or test"}


def check_comparable(baseline: Baseline, loaded: LoadedSuite, task: Task, path: Path) -> None:
    """Raises HarnessError, with all that differs, for a baseline of other data or splits."""
    read, part = Budget.model_validate(baseline.record.identity.budget), baseline.judging
    sheet, splits, right = baseline.sheet(part), task.splits, TARGETS[task.kind]
    judged = as_judged(examples_of(task, part, sheet.items).values(), KINDS[task.kind], read.words)
    there = {e.id: e for e in judged}
    seen = {*column(splits.train, "id"), *column(splits.validation, "id"),
            *(column(splits.test, "id") if part == "gate" else ())}
    absent = sum(item not in there for item in sheet.items)
    trained_on = sum(item in seen for item in sheet.items)
    relabelled = sum(item in there and right(there[item], task.labels) != target
                     for item, target in zip(sheet.items, sheet.targets, strict=True))
    found = {
        f"suite '{baseline.suite}', not '{loaded.suite.name}'": baseline.suite != loaded.suite.name,
        f"a task of kind {baseline.kind}": baseline.kind != task.kind,
        f"classes {', '.join(baseline.labels)}": baseline.labels != task.labels,
        f"data {baseline.origin}, not {task.origin}": baseline.origin != task.origin,
        f"{absent} of its {len(sheet.items)} {part} items are not in the {part} split now": absent,
        f"{trained_on} of them are in {SEEN[part]} now": trained_on,
        f"{relabelled} of them have another answer now": relabelled,
        "it has no answers to the gate's part, and the suite has one":
            part != "gate" and len(splits.gate) > 0,
        "the splits have another hash": baseline.splits_sha256 != task.splits.sha256,
    }
    differing = [words for words, holds in found.items() if holds]
    if differing:
        raise HarnessError(f"{path}: made on other data: {'; '.join(differing)}",
                           "Approve a run made on the data as it is now.")


def make_baseline(loaded: LoadedSuite, task: Task, store: Store, record: Record,
                  before: Baseline | None, approval: Approval, gate: Sheet | None = None,
                  logged: bool = False) -> Baseline:
    """A baseline of a finished run, which answered the items of the `gate` where the suite has
    such. Raises HarnessError when the run cannot be one."""
    identity = record.identity
    check_stands(record, task)
    check_usable(record)
    store.check_artifact(record)
    sheet = sheet_of(store.predictions(identity.run_id), KINDS[task.kind], task.labels)
    sha256 = sha256_tree(store.artifact(identity.run_id))
    baseline = Baseline(
        suite=loaded.suite.name, suite_sha256=loaded.digest, kind=task.kind, record=record,
        origin=task.origin,
        splits_sha256=task.splits.sha256, labels=task.labels, artifact_sha256=sha256,
        artifact_bytes=saved_bytes(store, record), approval=approval,
        history=(before.past, *before.history) if before else (),
        items=sheet.items, targets=sheet.targets, answers=sheet.answers, weights=sheet.weights,
        gate=gate, logged=logged, sha256="")
    return baseline.model_copy(update={"sha256": seal(baseline.model_dump(mode="json"))})


def gate_sheet(loaded: LoadedSuite, task: Task, store: Store, record: Record, device: Device,
               say: Say) -> Sheet | None:
    """What a run answers to the items that no study reads; None where the suite has none. Raises
    HarnessError for a run that does not stand or cannot be loaded."""
    if not len(task.splits.gate):
        return None
    check_usable(record)
    run_id = record.identity.run_id
    saved = saved_run(loaded, task, device, store, record, store.artifact(run_id))
    kind, learned = KINDS[task.kind], saved.assignment.task
    items = as_judged(task.splits.gate, kind, saved.assignment.budget.words)
    with alone(device, say):
        say(f"asking run {run_id} the gate's {len(items)} items")
        said = saved.load().predict(asked(items), Clock())
    return sheet_of(table_of(learned, items, said), kind, task.labels)


def keep_model(path: Path, store: Store, record: Record) -> None:
    """Copy what the run saved beside the baseline.

    Raises HarnessError for a run that builds on another: it is no model by itself.
    """
    run_id, inner = record.identity.run_id, record.identity.inner
    if inner is not None:
        raise HarnessError(f"run {run_id} builds on run {inner}: what it saved alone is no model",
                           "Approve it without --keep-model, and keep both runs.")
    artifact = store.artifact(run_id)
    with atomic_folder(model_folder(path)) as folder:
        shutil.copytree(artifact, folder, dirs_exist_ok=True)


def approved_model(baseline: Baseline, path: Path, loaded: LoadedSuite, task: Task, store: Store,
                   device: Device) -> SavedRun:
    """The approved model, kept beside the baseline or among the runs.

    Raises HarnessError where it is in neither place, or is not what was approved.
    """
    places = (model_folder(path), store.artifact(baseline.record.identity.run_id))
    here = next((place for place in places if place.is_dir()
                 and sha256_tree(place) == baseline.artifact_sha256), None)
    if here is None:
        raise HarnessError(f"the approved model ({baseline.name}) is at hand neither beside the "
                           "baseline nor among the runs",
                           "Put what the run saved there, or approve with --keep-model.")
    return saved_run(loaded, task, device, store, baseline.record, here)


def approval(note: str, by: str | None) -> Approval:
    """Now."""
    return Approval(by=by, at=now(), note=note)


def git_user() -> str | None:
    """Name and address of git's configuration; None where there is none."""
    found = []
    for field in ("user.name", "user.email"):
        try:
            said = subprocess.run(["git", "config", field], capture_output=True, text=True,  # noqa: S607
                                  encoding="utf-8", errors="replace",
                                  check=False, timeout=10).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            return None
        found.append(said)
    name, address = found
    return f"{name} <{address}>" if name and address else name or None
