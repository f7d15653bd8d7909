"""A W&B run that is open for a moment: nothing of the machine in it, closed in a bounded time.

What is written offline lies in its place when it is whole, and not before: an interrupted one
would be a file of a few bytes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from harness.common.leftovers import prefix, sweep

Mode = Literal["online", "offline", "disabled", "shared"]
START_SECONDS = 20.0
FINISH_SECONDS = 30.0
ASKED_SECONDS = 10.0
"""That the service has for an answer."""
RETRIES = 1
STAGED_BELOW = "WANDB_DATA_DIR"


@dataclass(frozen=True)
class Destination:
    """Where W&B keeps a study: its mode, and the store's folder."""

    mode: Mode
    store: Path

    @property
    def folder(self) -> Path:
        """Of what is written offline."""
        return self.store / "wandb"

    @property
    def online(self) -> bool:
        """Whether the service hears of it at once."""
        return self.mode != "offline"


@dataclass(frozen=True)
class Card:
    """What a W&B run is shown by."""

    project: str
    id: str
    name: str
    group: str
    job_type: str
    config: dict[str, Any]
    failed: bool = False
    """Whether it is shown as one that ended without a result."""


def switched_off() -> bool:
    """Whether the user wants no W&B."""
    return os.environ.get("WANDB_MODE") == "disabled"


def destination(store: Path) -> Destination:
    """`WANDB_MODE` where it is set, else online for a user who is logged in, else offline."""
    import wandb

    asked = os.environ.get("WANDB_MODE")
    if asked in get_args(Mode):
        return Destination(cast(Mode, asked), store)
    return Destination("online" if wandb.login(prompt=False) else "offline", store)


def unsent(to: Destination, run: str) -> list[Path]:
    """Folders of the W&B run of an id that were written offline and not sent since."""
    return [path for path in sorted(to.folder.glob(f"offline-run-*-{run}"))
            if not any(path.glob("*.wandb.synced"))]


@contextmanager
def opened(to: Destination, card: Card) -> Iterator[Any]:
    """The W&B run of a card, begun or gone on with, and closed at the end of the block.

    What was written of it offline before and not sent gives way to what is written now. Raises
    what W&B raises, and TimeoutError where it does not end.
    """
    import wandb

    to.folder.mkdir(parents=True, exist_ok=True)
    sweep(to.folder)
    with _staged_apart(), tempfile.TemporaryDirectory(dir=to.folder, prefix=prefix()) as work:
        with wandb.init(project=card.project, group=card.group, job_type=card.job_type[:64],
                        name=card.name, id=card.id, dir=work, config=card.config, mode=to.mode,
                        resume="allow", settings=_settings()) as run:
            yield run
            run.finish(exit_code=int(card.failed))
        before = unsent(to, card.id)
        for whole in Path(work).glob("wandb/offline-run-*"):
            _put(whole, to.folder)
        for path in before:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _staged_apart() -> Iterator[None]:
    """Files of artifacts are copied into the user's home otherwise, and W&B is told their paths:
    of the system's folder for what is temporary then."""
    with tempfile.TemporaryDirectory(prefix="wandb-") as folder:
        before = os.environ.get(STAGED_BELOW)
        os.environ[STAGED_BELOW] = folder
        try:
            yield
        finally:
            del os.environ[STAGED_BELOW]
            if before is not None:
                os.environ[STAGED_BELOW] = before


def give_up() -> None:
    """End W&B's own process, which would take a run that could not be begun for one in use; the
    next run starts another."""
    import wandb

    with suppress(Exception):
        wandb.teardown(exit_code=1)


def _settings() -> Any:
    """Of a run that tells nothing of the machine: wandb fills the empty ones in otherwise."""
    import wandb

    return wandb.Settings(
        disable_git=True, disable_code=True, save_code=False, disable_job_creation=True,
        console="off", x_disable_meta=True, x_disable_stats=True, x_disable_machine_info=True,
        x_save_requirements=False, host="", username="", email="", program="harness",
        program_relpath="harness", program_abspath="", silent=True, symlink=False,
        # Such a table's file would have to lie where it was staged until it is sent.
        allow_offline_artifacts=False,
        init_timeout=START_SECONDS, finish_timeout=FINISH_SECONDS, finish_timeout_raises=True,
        x_graphql_retry_max=RETRIES, x_graphql_timeout_seconds=ASKED_SECONDS,
        x_file_stream_retry_max=RETRIES, x_file_stream_timeout_seconds=ASKED_SECONDS,
        x_file_transfer_retry_max=RETRIES)


def _put(whole: Path, folder: Path) -> None:
    """Move a whole offline run into its place, without W&B's logs, which name local folders."""
    for name in ("logs", "tmp"):
        shutil.rmtree(whole / name, ignore_errors=True)
    place, number = folder / whole.name, 1
    while place.exists():  # of the same second
        begun, _, run = whole.name.rpartition("-")
        place, number = folder / f"{begun}.{number}-{run}", number + 1
    whole.rename(place)
