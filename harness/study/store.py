"""Records on disk: `runs/<suite>/<run id>/`, complete or absent."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harness.common.errors import HarnessError
from harness.common.files import atomic_folder, sha256_file, sha256_tree, write_atomic
from harness.common.kinds import State
from harness.common.locks import locked
from harness.common.sealed import sealed, unsealed
from harness.common.unwritable import writing
from harness.forgetting.figures import Forgetting
from harness.measure.as_exported import AsExported
from harness.measure.latency import LatencyFigures
from harness.measure.part import RecordPart
from harness.study.record import SCHEMA_VERSION, Record

RECORD = "record.json"
PREDICTIONS = "predictions.parquet"
ARTIFACT = "artifact"
FORGETTING = "forgetting.parquet"
PASSING: tuple[State, ...] = ("out-of-memory", "timed-out", "interrupted")
"""States that say more about the machine's moment than about the run: tried again."""


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

    def lock(self, name: str, waiting: Callable[[], None] = lambda: None
             ) -> AbstractContextManager[None]:
        """A lock that one process at a time holds, for a run by its id. Raises CannotWriteError."""
        return locked(self.folder / ".locks" / f"{name}.lock", waiting)

    def standing(self, run_id: str) -> Record | None:
        """The run's record when it stands: whole with all its files, and not to be tried again."""
        record = self._read(run_id)
        if record is None or record.status.state in PASSING:
            return None
        return record if self._damaged_file(record) is None else None

    def load(self, run_id: str) -> Record | None:
        """The run's record, None where there is none, it is damaged, or its predictions are.

        What the run saved is looked at by `standing`, and where it is loaded.
        Raises HarnessError for one written by a newer harness.
        """
        record = self._read(run_id)
        return record if record is not None and not self._damaged_predictions(record) else None

    def record(self, run_id: str) -> Record:
        """The run's record. Raises HarnessError when it cannot be read as a whole."""
        record = self.load(run_id)
        if record is None:
            raise HarnessError(f"run {run_id} is damaged: {self.damage(run_id) or RECORD}",
                               "Run its suite again.")
        return record

    def damage(self, run_id: str) -> str | None:
        """The file of a kept run that is not as it was written; None for a whole or absent run."""
        if not self.path(run_id).exists():
            return None
        record = self._read(run_id)
        return RECORD if record is None else self._damaged_file(record)

    def check_artifact(self, record: Record) -> None:
        """Raise HarnessError when what a run saved is not as it was written."""
        if self._damaged_artifact(record):
            raise HarnessError(f"run {record.identity.run_id} is damaged: {ARTIFACT}",
                               "Run its suite again.")

    def _read(self, run_id: str) -> Record | None:
        path = self.path(run_id) / RECORD
        try:
            fields = unsealed(path.read_text(encoding="utf-8"))
            version = fields["schema_version"]
            if version > SCHEMA_VERSION:
                raise HarnessError(f"{path}: schema version {version} is newer than "
                                   f"{SCHEMA_VERSION}", "Update the harness.")
            record = Record.model_validate(fields)
            return record if record.identity.run_id == run_id else None
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:  # a record that cannot be read now is not one to be replaced
            raise HarnessError(f"{path}: {error.strerror}", "Make it readable.") from None
        except (ValueError, KeyError, TypeError):
            return None

    def _damaged_file(self, record: Record) -> str | None:
        if self._damaged_predictions(record):
            return PREDICTIONS
        return ARTIFACT if self._damaged_artifact(record) else None

    def _damaged_predictions(self, record: Record) -> bool:
        if record.predictions_sha256 is None:
            return record.status.state == "ok"
        path = self.path(record.identity.run_id) / PREDICTIONS
        return not path.is_file() or sha256_file(path) != record.predictions_sha256

    def _damaged_artifact(self, record: Record) -> bool:
        return (record.artifact_sha256 is not None
                and sha256_tree(self.artifact(record.identity.run_id)) != record.artifact_sha256)

    def write(self, record: Record, predictions: pa.Table | None = None,
              save: Callable[[Path], None] | None = None) -> Record:
        """Write a run's folder in one move. Returns the record with hashes and sizes filled in.

        Raises CannotWriteError.
        """
        with atomic_folder(self.path(record.identity.run_id)) as folder:
            if save is not None:
                (folder / ARTIFACT).mkdir()
                save(folder / ARTIFACT)
                record = _with_artifact(record, folder / ARTIFACT)
            if predictions is not None:
                pq.write_table(predictions, folder / PREDICTIONS)
                digest = sha256_file(folder / PREDICTIONS)
                record = record.model_copy(update={"predictions_sha256": digest})
            (folder / RECORD).write_text(sealed(record.model_dump_json()), encoding="utf-8")
        return record

    def amend(self, run_id: str, **parts: RecordPart) -> None:
        """Replace parts of a kept run's record, leaving the rest of its folder."""
        with self.lock(run_id):
            record = self.load(run_id)
            if record is not None:
                self._rewrite(record.model_copy(update=parts))

    def _rewrite(self, record: Record) -> None:
        write_atomic(self.path(record.identity.run_id) / RECORD, sealed(record.model_dump_json()))

    def add_forgetting(self, run_id: str, figures: Forgetting, items: pa.Table) -> None:
        """Add what a kept run forgot, and its items, to the run."""
        path = self.path(run_id) / FORGETTING
        buffer = pa.BufferOutputStream()
        pq.write_table(items, buffer)
        write_atomic(path, buffer.getvalue().to_pybytes())
        self.amend(run_id, forgetting=figures.model_copy(
            update={"items_sha256": sha256_file(path)}))

    def add_export(self, run_id: str, figures: AsExported, answers: pa.Table | None) -> None:
        """Add what a kept run is in a format, and what it answers there, to the run."""
        if answers is not None:
            path = self._export(run_id, figures.format)
            buffer = pa.BufferOutputStream()
            pq.write_table(answers, buffer)
            write_atomic(path, buffer.getvalue().to_pybytes())
            figures = figures.model_copy(update={"answers_sha256": sha256_file(path)})
        self._amend_export(run_id, figures)

    def time_export(self, run_id: str, to: str, latency: LatencyFigures) -> None:
        """Add the latency of a format that a kept run was exported to."""
        found = self.record(run_id).exports[to]
        self._amend_export(run_id, found.model_copy(update={"latency": latency}))

    def _amend_export(self, run_id: str, figures: AsExported) -> None:
        with self.lock(run_id):
            record = self.record(run_id)
            exports = {**record.exports, figures.format: figures}
            self._rewrite(record.model_copy(update={"exports": exports}))

    def has_export(self, record: Record, to: str, key: str) -> bool:
        """Whether a record says what the run is in a format, under this key, and its answers are
        whole."""
        figures = record.exports.get(to)
        if figures is None or figures.key != key:
            return False
        path = self._export(record.identity.run_id, to)
        return figures.answers_sha256 is None or (
            path.is_file() and sha256_file(path) == figures.answers_sha256)

    def exported(self, run_id: str, to: str) -> pa.Table:
        """What a run answers once it is exported, item by item. Raises HarnessError where that is
        not as it was written."""
        record, path = self.record(run_id), self._export(run_id, to)
        if not path.is_file() or sha256_file(path) != record.exports[to].answers_sha256:
            raise HarnessError(f"run {run_id} is damaged: {path.name}", "Run its suite again.")
        return pq.read_table(path)

    def _export(self, run_id: str, to: str) -> Path:
        return self.path(run_id) / f"exported-{to}.parquet"

    def adopt(self, folder: Path) -> None:
        """Take over a whole run that was made in another store: its folder, or what it forgot
        where the run is kept here already."""
        made, run_id = Store(folder.parent), folder.name
        with self.lock(run_id):
            kept = self.standing(run_id)
            if kept is None:
                with atomic_folder(self.path(run_id)) as place:
                    for item in folder.iterdir():
                        shutil.move(item, place / item.name)
                return
        figures = made.record(run_id).forgetting
        if figures is not None and figures != kept.forgetting:
            self.add_forgetting(run_id, figures, pq.read_table(folder / FORGETTING))

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

    def forget(self, run_id: str) -> None:
        """Remove a run. Raises CannotWriteError."""
        path = self.path(run_id)
        with writing(path):
            if path.exists():
                shutil.rmtree(path)


def find_run(runs: Path, run_id: str) -> Store | None:
    """The store below `runs` that keeps a run of this id; None where there is none."""
    if not re.fullmatch(r"[0-9a-f]{16}", run_id):
        return None
    return next((Store(folder.parent) for folder in sorted(runs.glob(f"*/{run_id}"))), None)


def _with_artifact(record: Record, folder: Path) -> Record:
    """The record with hash and size of what the method saved, beside what it builds on."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    sized = record.size and record.size.model_copy(
        update={"artifact_bytes": record.size.artifact_bytes + size})
    return record.model_copy(update={"size": sized, "artifact_sha256": sha256_tree(folder)})
