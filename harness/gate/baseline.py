"""The approved model: `baselines/<suite>.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, ValidationError, model_validator

from harness.common.errors import HarnessError
from harness.common.files import sha256_json, write_atomic
from harness.common.sealed import seal
from harness.gate.sheet import Answer, Sheet, check_sheet, said_in
from harness.measure.part import RecordPart
from harness.study.record import Record
from harness.suite import Kind, Words
from harness.targets.kinds import KINDS, TargetKind
from harness.tasks.cut import cut_items
from harness.tasks.examples import Example, PartName
from harness.tasks.task import Task

SCHEMA_VERSION = 3
MAX_BYTES = 500_000_000
FIRST: Kind = "classification"
"""The kind that files of version 1 are of."""


class Approval(RecordPart):
    """Who approved a baseline, when (UTC, ISO 8601), and why."""

    by: str | None
    at: str
    note: str


class Past(RecordPart):
    """An earlier baseline of the suite."""

    run_id: str
    name: str
    metric: str
    """The first of its kind of task."""
    value: float
    approval: Approval


class Baseline(RecordPart):
    """The approved run: its record, its answers, and the data it was made on."""

    schema_version: int = SCHEMA_VERSION
    suite: str
    suite_sha256: str
    kind: Kind
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
    """Test items, [items], as are the next three."""
    targets: tuple[str | float, ...]
    answers: tuple[Answer, ...]
    weights: tuple[float, ...] = ()
    gate: Sheet | None = None
    """The items that no study reads; None where the suite has none, and test items judge."""
    logged: bool = False
    """Whether attempts against it are counted: its log says that it was approved."""
    sha256: str = Field(pattern=r"^([0-9a-f]{64})?$")
    """Of all the rest."""

    @model_validator(mode="after")
    def _fits_together(self) -> Baseline:
        for sheet in filter(None, (self.tested, self.gate)):
            check_sheet(sheet, KINDS[self.kind], self.labels)
        if self.gate is not None and not self.logged:
            raise ValueError("the gate's items are answered, and no attempt is counted")
        return self

    @property
    def tested(self) -> Sheet:
        """What it answered to test items."""
        return Sheet(items=self.items, targets=self.targets, answers=self.answers,
                     weights=self.weights)

    @property
    def judging(self) -> PartName:
        """The part of the data that candidates are judged on."""
        return "test" if self.gate is None else "gate"

    def sheet(self, part: PartName) -> Sheet:
        """What it answered to the test items, or to the gate's."""
        return self.gate if part == "gate" and self.gate is not None else self.tested

    @property
    def against(self) -> str:
        """Hash of what candidates are held against: the model and the items, whoever approved it
        and how often."""
        return sha256_json([self.record.identity.run_id, self.artifact_sha256, self.splits_sha256,
                            self.judging, self.sheet(self.judging).items])

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.record.identity.name}, run {self.record.identity.run_id}"

    @property
    def past(self) -> Past:
        """This approval as a line of a history."""
        first = KINDS[self.kind].own[0].name
        value = self.record.figures.get(first)
        return Past(run_id=self.record.identity.run_id, name=self.record.identity.name,
                    metric=first, value=math.nan if value is None else value,
                    approval=self.approval)

    def said(self, part: PartName) -> np.ndarray:
        """Its answers to a part, as `Answering.predict` has them."""
        return said_in(self.sheet(part), KINDS[self.kind], self.labels)

    def examples(self, task: Task, part: PartName) -> list[Example]:
        """The items of a part that it answered, in its order, with their weights."""
        sheet = self.sheet(part)
        by_id = examples_of(task, part, sheet.items)
        return [replace(by_id[item], weight=weight) for item, weight in
                zip(sheet.items, sheet.weights or [1.0] * len(sheet.items), strict=True)]


def examples_of(task: Task, part: PartName, items: Iterable[str]) -> dict[str, Example]:
    """Items of a part by id, those of `items` that there are."""
    asked = set(items)
    return {example.id: example for example in getattr(task.splits, part) if example.id in asked}


def as_judged(examples: Iterable[Example], kind: TargetKind, words: Words | None
              ) -> tuple[Example, ...]:
    """As a study has them: what stands behind the words that are read is nobody's to find."""
    if kind.tagged and words is not None:
        return cut_items(tuple(examples), words)
    return tuple(examples)


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
        return Baseline.model_validate(
            fields | {"schema_version": SCHEMA_VERSION} if version in (2, SCHEMA_VERSION)
            else _renewed(fields))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        found = f"{where}: {first['msg']}" if where else first["msg"]
        raise HarnessError(f"{path}: not a baseline: {found}", "Approve a run again.") from None


def _renewed(fields: dict[str, Any]) -> dict[str, Any]:
    """A file of version 1, which knows classification alone, in the form of today."""
    try:
        kept = {name: value for name, value in fields.items() if name != "probabilities"}
        return kept | {
            "schema_version": SCHEMA_VERSION, "kind": FIRST,
            "answers": fields["probabilities"],
            "targets": [fields["labels"][target] for target in fields["targets"]],
            "history": [{name: value for name, value in past.items() if name != "accuracy"}
                        | {"metric": "accuracy", "value": past["accuracy"]}
                        for past in fields.get("history", [])]}
    except (KeyError, IndexError, TypeError, AttributeError):
        return fields  # no baseline: what is wrong of it is said of it as it is


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


def write_baseline(path: Path, baseline: Baseline) -> None:
    """One line a field, so that a change reads well in a pull request."""
    fields = baseline.model_dump(mode="json")
    lines = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
             for name, value in fields.items()]
    write_atomic(path, "{\n" + ",\n".join(lines) + "\n}\n")


def model_folder(path: Path) -> Path:
    """Where the model of a baseline is kept, when it is kept beside it."""
    return path.with_suffix("")
