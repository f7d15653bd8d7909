"""Records on disk: `runs/<suite>/<run id>/`, complete or absent."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock
from pydantic import ValidationError

from harness.common.errors import HarnessError
from harness.common.files import atomic_folder, flush_folder, sha256_file, write_atomic
from harness.measure.forgetting.figures import Forgetting
from harness.measure.part import RecordPart
from harness.study.record import SCHEMA_VERSION, Record, State
from harness.tasks.examples import Example

RECORD = "record.json"
PREDICTIONS = "predictions.parquet"
ARTIFACT = "artifact"
FORGETTING = "forgetting.parquet"
PASSING: State = "out-of-memory"
"""A state that says more about the machine's moment than about the run: tried again."""


class Store:
    """The runs of one suite."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, run_id: str) -> Path:
        """The run's folder."""
        return self.folder / run_id

    def artifact(self, run_id: str) -> Path:
        """The folder of what the run's method saved."""
        return self.path(run_id) / ARTIFACT

    def lock(self, run_id: str) -> FileLock:
        """A lock that one process at a time holds for a run."""
        folder = self.folder / ".locks"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HarnessError(f"cannot write {self.folder}: {error.strerror}",
                               "Name a folder you may write with --runs.") from None
        return FileLock(folder / f"{run_id}.lock")

    def standing(self, run_id: str) -> Record | None:
        """The run's record, None when there is none that stands."""
        record = self.load(run_id)
        return record if record is not None and record.status.state != PASSING else None

    def load(self, run_id: str) -> Record | None:
        """The run's record, None when there is none that can be read as a whole.

        A record that is damaged, or whose predictions do not have their hash, counts as absent:
        the run is computed again. Raises HarnessError for one written by a newer harness.
        """
        path = self.path(run_id) / RECORD
        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError):
            return None
        try:
            record = Record.model_validate_json(text)
        except ValidationError:
            return None
        if record.schema_version > SCHEMA_VERSION:
            raise HarnessError(f"{path}: schema version {record.schema_version} is newer than "
                               f"{SCHEMA_VERSION}", "Update the harness.")
        return record if self._whole(record) else None

    def record(self, run_id: str) -> Record:
        """The run's record. Raises HarnessError when it cannot be read as a whole."""
        record = self.load(run_id)
        if record is None:
            raise HarnessError(f"run {run_id} is damaged", "Run its suite again.")
        return record

    def _whole(self, record: Record) -> bool:
        if record.predictions_sha256 is None:
            return record.status.state != "ok"
        path = self.path(record.identity.run_id) / PREDICTIONS
        return path.exists() and sha256_file(path) == record.predictions_sha256

    def write(self, record: Record, predictions: pa.Table | None = None,
              save: Callable[[Path], None] | None = None) -> Record:
        """Write a run's folder in one move. Returns the record with hashes and sizes filled in."""
        run_id = record.identity.run_id
        self.sweep(run_id)
        with atomic_folder(self.path(run_id)) as folder:
            if save is not None:
                (folder / ARTIFACT).mkdir()
                save(folder / ARTIFACT)
                size = sum(p.stat().st_size for p in (folder / ARTIFACT).rglob("*") if p.is_file())
                if record.size is not None:
                    sized = record.size.model_copy(update={"artifact_bytes": size})
                    record = record.model_copy(update={"size": sized})
            if predictions is not None:
                pq.write_table(predictions, folder / PREDICTIONS)
                digest = sha256_file(folder / PREDICTIONS)
                record = record.model_copy(update={"predictions_sha256": digest})
            (folder / RECORD).write_text(record.model_dump_json(indent=1))
            flush_folder(folder)
        return record

    def amend(self, run_id: str, **parts: RecordPart) -> None:
        """Replace parts of a kept run's record, leaving the rest of its folder."""
        with self.lock(run_id):
            record = self.load(run_id)
            if record is not None:
                write_atomic(self.path(run_id) / RECORD,
                             record.model_copy(update=parts).model_dump_json(indent=1))

    def add_forgetting(self, run_id: str, figures: Forgetting, items: pa.Table) -> None:
        """Add what a kept run forgot, and its items, to the run."""
        path = self.path(run_id) / FORGETTING
        buffer = pa.BufferOutputStream()
        pq.write_table(items, buffer)
        write_atomic(path, buffer.getvalue().to_pybytes())
        self.amend(run_id, forgetting=figures.model_copy(
            update={"items_sha256": sha256_file(path)}))

    def has_forgetting(self, record: Record, key: str) -> bool:
        """Whether a record's forgetting was measured under this key and its items are whole."""
        figures = record.forgetting
        if figures is None or figures.key != key:
            return False
        path = self.path(record.identity.run_id) / FORGETTING
        return figures.items_sha256 is None or (
            path.exists() and sha256_file(path) == figures.items_sha256)

    def predictions(self, run_id: str) -> pa.Table:
        """The run's per-item predictions."""
        return pq.read_table(self.path(run_id) / PREDICTIONS)

    def sweep(self, run_id: str) -> None:
        """Remove what a killed writer of this run left behind. Call with the run's lock held."""
        for leftover in self.folder.glob(f".tmp-{run_id}-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def forget(self, run_id: str) -> None:
        """Remove a run."""
        shutil.rmtree(self.path(run_id), ignore_errors=True)


def find_run(runs: Path, run_id: str) -> Store | None:
    """The store below `runs` that keeps a run of this id; None where there is none."""
    if not re.fullmatch(r"[0-9a-f]{16}", run_id):
        return None
    return next((Store(folder.parent) for folder in sorted(runs.glob(f"*/{run_id}"))), None)


def prediction_table(examples: Sequence[Example], probabilities: np.ndarray,
                     labels: Sequence[str]) -> pa.Table:
    """Item id, group, slices and target, and one probability column a class."""
    columns: dict[str, object] = {
        "item": [e.id for e in examples],
        "group": [e.group for e in examples],
        "target": [labels[e.label] for e in examples],
    }
    for name in sorted({name for e in examples for name in e.slices}):
        columns[f"slice:{name}"] = [e.slices.get(name) for e in examples]
    for i, label in enumerate(labels):
        columns[f"p:{label}"] = probabilities[:, i]
    return pa.table(columns)
