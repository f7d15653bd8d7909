"""The approved model: `baselines/<suite>.json`."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, ValidationError, model_validator

from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.common.files import atomic_folder, sha256_tree, write_atomic
from harness.common.sealed import seal
from harness.measure.part import RecordPart
from harness.study.kept import SavedRun, check_stands, saved_bytes, saved_run
from harness.study.record import Record
from harness.study.store import Store
from harness.suite import LoadedSuite
from harness.targets.kinds import KINDS, gated
from harness.tasks.examples import Example
from harness.tasks.items import column
from harness.tasks.task import Task

SCHEMA_VERSION = 1
MAX_BYTES = 500_000_000
DIGITS = 9
"""Significant digits of a kept probability: more than fp32 holds."""


class Approval(RecordPart):
    """Who approved a baseline, when (UTC, ISO 8601), and why."""

    by: str | None
    at: str
    note: str


class Past(RecordPart):
    """An earlier baseline of the suite."""

    run_id: str
    name: str
    accuracy: float
    approval: Approval


class Baseline(RecordPart):
    """The approved run: its record, its answers, and the data it was made on."""

    schema_version: int = SCHEMA_VERSION
    suite: str
    suite_sha256: str
    record: Record
    origin: str
    splits_sha256: str
    labels: tuple[str, ...]
    artifact_sha256: str
    artifact_bytes: int
    approval: Approval
    history: tuple[Past, ...] = ()
    """The earlier ones, newest first."""
    items: tuple[str, ...]
    targets: tuple[int, ...]
    probabilities: tuple[tuple[float, ...], ...]
    """[items, classes]"""
    weights: tuple[float, ...] = ()
    """[items]; none where all count alike."""
    sha256: str = Field(pattern=r"^([0-9a-f]{64})?$")
    """Of all the rest."""

    @model_validator(mode="after")
    def _fits_together(self) -> Baseline:
        if not len(self.items) == len(self.targets) == len(self.probabilities) > 0:
            raise ValueError("items, targets and probabilities are not as many")
        if self.weights and (len(self.weights) != len(self.items)
                             or not all(0 < w < math.inf for w in self.weights)):
            raise ValueError("an item has not one weight above 0")
        if len(set(self.items)) < len(self.items):
            raise ValueError("an item is answered twice")
        if not all(0 <= target < len(self.labels) for target in self.targets):
            raise ValueError("a target is none of the classes")
        if not all(len(row) == len(self.labels) and all(map(math.isfinite, row))
                   for row in self.probabilities):
            raise ValueError("an item has not one finite probability a class")
        return self

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.record.identity.name}, run {self.record.identity.run_id}"

    @property
    def past(self) -> Past:
        """This approval as a line of a history."""
        quality = self.record.quality
        return Past(run_id=self.record.identity.run_id, name=self.record.identity.name,
                    accuracy=quality.accuracy if quality else float("nan"),
                    approval=self.approval)

    def examples(self, task: Task) -> list[Example]:
        """The items it answered, in its order, with their weights."""
        asked = set(self.items)
        by_id = {example.id: example for example in task.splits.test if example.id in asked}
        return [replace(by_id[item], weight=weight) for item, weight in
                zip(self.items, self.weights or [1.0] * len(self.items), strict=True)]


def read_baseline(path: Path) -> Baseline:
    """Raises HarnessError for no file, no baseline, a newer version, or content that does not
    have its hash."""
    fields = _fields(path)
    version = fields.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise HarnessError(f"{path}: schema version {version} is newer than {SCHEMA_VERSION}",
                           "Update the harness.")
    # Of the file's own fields: those that later versions add are not in it.
    if "sha256" in fields and fields["sha256"] != seal(fields):
        raise HarnessError(f"{path}: its content does not have its hash: it was edited or damaged",
                           "Restore it, or approve a run again.")
    try:
        return Baseline.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        found = f"{where}: {first['msg']}" if where else first["msg"]
        raise HarnessError(f"{path}: not a baseline: {found}", "Approve a run again.") from None


def _fields(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise HarnessError(f"{path}: larger than {MAX_BYTES:,} bytes", "Is this a baseline?")
        fields = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HarnessError(f"{path}: {error.strerror}",
                           "Approve a run first: harness baseline approve RUN_ID.") from None
    except UnicodeDecodeError:
        raise HarnessError(f"{path}: not a baseline: not UTF-8", "Approve a run again.") from None
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise HarnessError(f"{path}: not a baseline: not a JSON object", "Approve a run again.")
    return fields


def check_comparable(baseline: Baseline, loaded: LoadedSuite, task: Task, path: Path) -> None:
    """Raises HarnessError, with all that differs, for a baseline of other data or splits."""
    splits = task.splits
    test = dict(zip(column(splits.test, "id"), column(splits.test, "label"), strict=True))
    seen = {*column(splits.train, "id"), *column(splits.validation, "id")}
    absent = sum(item not in test for item in baseline.items)
    trained_on = sum(item in seen for item in baseline.items)
    relabelled = sum(test.get(item, target) != target
                     for item, target in zip(baseline.items, baseline.targets, strict=True))
    found = {
        f"suite '{baseline.suite}', not '{loaded.suite.name}'": baseline.suite != loaded.suite.name,
        f"classes {', '.join(baseline.labels)}": baseline.labels != task.labels,
        f"data {baseline.origin}, not {task.origin}": baseline.origin != task.origin,
        f"{absent} of its {len(baseline.items)} test items are not in the test split now": absent,
        f"{trained_on} of them are in training or validation now": trained_on,
        f"{relabelled} of them have another class now": relabelled,
        "the splits have another hash": baseline.splits_sha256 != task.splits.sha256,
    }
    differing = [words for words, holds in found.items() if holds]
    if differing:
        raise HarnessError(f"{path}: made on other data: {'; '.join(differing)}",
                           "Approve a run made on the data as it is now.")


def make_baseline(loaded: LoadedSuite, task: Task, store: Store, record: Record,
                  before: Baseline | None, approval: Approval) -> Baseline:
    """A baseline of a finished run. Raises HarnessError when the run cannot be one."""
    identity = record.identity
    if not KINDS[task.kind].gated:
        raise HarnessError(f"suite {loaded.suite.name}: only a task of kind {gated()} has a "
                           f"gate and a baseline, this one is of kind {task.kind}",
                           "Compare its runs with `harness compare`.")
    check_stands(record, task)
    store.check_artifact(record)
    table = store.predictions(identity.run_id)
    columns = np.column_stack([table[f"p:{label}"].to_numpy() for label in task.labels])
    sha256 = sha256_tree(store.artifact(identity.run_id))
    baseline = Baseline(
        suite=loaded.suite.name, suite_sha256=loaded.digest, record=record, origin=task.origin,
        splits_sha256=task.splits.sha256, labels=task.labels, artifact_sha256=sha256,
        artifact_bytes=saved_bytes(store, record), approval=approval,
        history=(before.past, *before.history) if before else (),
        items=tuple(table["item"].to_pylist()),
        targets=tuple(task.labels.index(t) for t in table["target"].to_pylist()),
        probabilities=tuple(tuple(_rounded(row)) for row in columns),
        weights=tuple(table["weight"].to_pylist()) if "weight" in table.column_names else (),
        sha256="")
    return baseline.model_copy(update={"sha256": seal(baseline.model_dump(mode="json"))})


def write_baseline(path: Path, baseline: Baseline) -> None:
    """One line a field, so that a change reads well in a pull request."""
    fields = baseline.model_dump(mode="json")
    lines = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
             for name, value in fields.items()]
    write_atomic(path, "{\n" + ",\n".join(lines) + "\n}\n")


def model_folder(path: Path) -> Path:
    """Where the model of a baseline is kept, when it is kept beside it."""
    return path.with_suffix("")


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
    return Approval(by=by, at=datetime.now(UTC).replace(microsecond=0).isoformat(), note=note)


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


def _rounded(row: Sequence[float]) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in row]
