"""The approved model: `baselines/<suite>.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, ValidationError, model_validator

from harness.common.errors import HarnessError
from harness.common.files import write_atomic
from harness.common.sealed import seal
from harness.measure.part import RecordPart
from harness.study.record import Record
from harness.suite import Kind, Words
from harness.targets import choices
from harness.targets.kinds import KINDS, TargetKind
from harness.targets.spans import as_spans, spans_of_json
from harness.tasks.cut import cut_items
from harness.tasks.examples import Example
from harness.tasks.task import Task

SCHEMA_VERSION = 2
MAX_BYTES = 500_000_000
FIRST: Kind = "classification"
"""The kind that files of version 1 are of."""
Answer = tuple[float, ...] | float | str
"""To one item: probabilities of the classes, or the names of those that were answered, as JSON; a
number; spans, as JSON; or words."""


def _are_names(answer: str, labels: Sequence[str]) -> bool:
    try:
        found = json.loads(answer)
    except ValueError:
        return False
    return found is None or (isinstance(found, list) and all(name in labels for name in found))


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
    targets: tuple[str | float, ...]
    """What is right of each item, as tables of predictions have it: [items]."""
    answers: tuple[Answer, ...]
    """[items]"""
    weights: tuple[float, ...] = ()
    """[items]; none where all count alike."""
    sha256: str = Field(pattern=r"^([0-9a-f]{64})?$")
    """Of all the rest."""

    @model_validator(mode="after")
    def _fits_together(self) -> Baseline:
        if not len(self.items) == len(self.targets) == len(self.answers) > 0:
            raise ValueError("items, targets and answers are not as many")
        if self.weights and (len(self.weights) != len(self.items)
                             or not all(0 < w < math.inf for w in self.weights)):
            raise ValueError("an item has not one weight above 0")
        if len(set(self.items)) < len(self.items):
            raise ValueError("an item is answered twice")
        fits = KINDS[self.kind].of(self._is_row, self._is_number, self._is_text, self._is_text)
        if not all(map(fits, self.answers)):
            raise ValueError(f"an item has no answer of a task of kind {self.kind}")
        return self

    def _is_row(self, answer: Answer) -> bool:
        if isinstance(self.answers[0], str):
            return isinstance(answer, str) and _are_names(answer, self.labels)
        return (isinstance(answer, tuple) and len(answer) == len(self.labels)
                and all(map(math.isfinite, answer)))

    def _is_number(self, answer: Answer) -> bool:
        return isinstance(answer, float) and math.isfinite(answer)

    def _is_text(self, answer: Answer) -> bool:
        return isinstance(answer, str)

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

    @property
    def said(self) -> np.ndarray:
        """Its answers, as `Answering.predict` has them."""
        return KINDS[self.kind].of(self._array, self._column, self._spans, self._texts)()

    def _array(self) -> np.ndarray:
        if not isinstance(self.answers[0], str):
            return np.array(self.answers)
        return choices.read(list(map(str, self.answers)), self.labels)

    def _column(self) -> np.ndarray:
        return np.array(self.answers)[:, None]

    def _spans(self) -> np.ndarray:
        return as_spans([spans_of_json(str(cell), self.labels) for cell in self.answers])

    def _texts(self) -> np.ndarray:
        return np.array(self.answers, dtype=object)

    def examples(self, task: Task) -> list[Example]:
        """The items it answered, in its order, with their weights."""
        by_id = examples_of(task, self.items)
        return [replace(by_id[item], weight=weight) for item, weight in
                zip(self.items, self.weights or [1.0] * len(self.items), strict=True)]


def examples_of(task: Task, items: Iterable[str]) -> dict[str, Example]:
    """Test items by id, those of `items` that there are."""
    asked = set(items)
    return {example.id: example for example in task.splits.test if example.id in asked}


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
        return Baseline.model_validate(fields if version == SCHEMA_VERSION else _renewed(fields))
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
