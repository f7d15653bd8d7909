"""What W&B was told of a store's runs, so that each is one W&B run, and the same one later."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from harness.common.files import write_atomic
from harness.measure.part import RecordPart

LEDGER = "wandb.json"


class Sent(RecordPart):
    """A W&B run or report: its id, and the hash of what it was told last."""

    id: str
    sha256: str


class Told(RecordPart):
    """A verdict that a study once had."""

    study: str
    """Suite, profile and hash of the suite: what groups its runs."""
    at: str
    """UTC, ISO 8601."""
    done: int
    planned: int
    """Runs."""
    kind: str
    """How sure it was: use, lean, undecided or none."""
    sentence: str


class Ledger(RecordPart):
    """All of a store."""

    runs: dict[str, Sent] = Field(default_factory=dict)
    """By the harness's run id."""
    studies: dict[str, Sent] = Field(default_factory=dict)
    """By what groups their runs."""
    verdicts: tuple[Told, ...] = ()
    """As they changed, the first of them first."""
    report: Sent | None = None
    """The suite's."""

    def study(self, group: str) -> Sent:
        """The W&B run of a study; a new one where it has none."""
        return self.studies.get(group) or Sent(id=uuid.uuid4().hex[:16], sha256="")

    def after(self, told: Told) -> tuple[Told, ...]:
        """The verdicts with this one, where it is another than the study's last."""
        last = next((old for old in reversed(self.verdicts) if old.study == told.study), None)
        same = last is not None and (last.kind, last.sentence) == (told.kind, told.sentence)
        return self.verdicts if same else (*self.verdicts, told)


def read_ledger(store: Path) -> Ledger:
    """The ledger of a store's folder; an empty one where there is none of this form."""
    try:
        return Ledger.model_validate_json((store / LEDGER).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValidationError, UnicodeDecodeError):
        return Ledger()


def amend_ledger(store: Path, **fields: Any) -> None:
    """Replace fields of the ledger. Raises CannotWriteError."""
    changed = read_ledger(store).model_copy(update=fields)
    write_atomic(store / LEDGER, changed.model_dump_json(indent=1))
