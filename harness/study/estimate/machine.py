"""What every run takes whatever its method, and methods that need no backbone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psutil

from harness.backbones.encoding.features import FeatureStore
from harness.common.cache import cache_folder
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.common.files import atomic_folder, sha256_tree
from harness.common.provenance import ITEMS, provenance
from harness.methods import register_all
from harness.methods.method import METHODS, Job
from harness.processes.own import Say, in_own_process
from harness.processes.server import start_server
from harness.study.estimate.probe import Others, probe_task, seconds_of
from harness.study.record import Identity
from harness.study.work import Assignment, carry_out
from harness.suite import Budget
from harness.tasks.examples import Example, asked
from harness.tasks.task import Task

if TYPE_CHECKING:
    from harness.study.planning.plan import PlannedRun

WRITTEN = 16_000_000
"""Bytes of the file that tells how quick the disk is."""
FLOOR_ITEMS, COMPARED_ITEMS = 200, 24
"""Items that a method without a backbone is measured on; where it holds each against each."""


@dataclass(frozen=True)
class Machine:
    """What every run takes."""

    start: float
    """Seconds of the smallest run there is, from process to record."""
    write: float
    """Seconds to write a byte for good and hash it."""
    hash: float
    """Seconds to hash a byte."""
    resident: float
    """Bytes of a run's process before it does anything."""
    others: float


@dataclass(frozen=True)
class Floor:
    """A method without a backbone: seconds an item to fit and to predict."""

    fit: float
    predict: float
    others: float


@dataclass(frozen=True)
class FloorItems:
    """A method without a backbone and the suite's own texts to measure it on."""

    run: PlannedRun
    task: Task
    items: tuple[Example, ...]
    device: Device

    @property
    def key(self) -> list[Any]:
        """Names what the measurement depends on."""
        identity = self.run.identity
        made = provenance(__name__, type(self.run.entry.method).__module__, known=ITEMS)
        return [identity.method, identity.options, self.task.sha256,
                self.task.splits.content_sha256, len(self.items), made.key]

    def __hash__(self) -> int:
        return hash(self.run.run_id)


def machine_key() -> list[Any]:
    """Names what the machine's own figures depend on."""
    return ["machine", provenance(__name__, known=ITEMS).key]


def measure_machine(identity: Identity, device: Device, say: Say) -> Machine:
    """The quickest of three smallest runs, and of three files written."""
    watch = Others()
    with TemporaryDirectory(dir=cache_folder()) as folder:
        assignment = Assignment(
            identity=identity.model_copy(update={
                "run_id": "smallest", "backbone": None, "kind": None, "method": "majority",
                "label": "majority", "options": {}, "inner": None, "metric": None}),
            task=probe_task(),
            budget=Budget(train=8, validation=8, test=8, trials=1), backbone=None, embedder=None,
            device=device, runs=Path(folder), features=None)
        start = seconds_of(lambda: _done(assignment, say), Device("cpu", "", "no", 1))
        resident = in_own_process(start_server(), _resident, None, say).result
        write = seconds_of(lambda: _write(Path(folder) / "written"), device) / WRITTEN
        hashing = seconds_of(lambda: sha256_tree(Path(folder) / "written"), device) / WRITTEN
    return Machine(start, write + hashing, hashing, float(resident), watch.share())


def _done(assignment: Assignment, say: Say) -> None:
    outcome = in_own_process(start_server(), carry_out, assignment, say)
    if outcome.failure is not None:
        raise HarnessError(f"the smallest run failed: {outcome.failure}")


def _resident(nothing: None, say: Callable[[str], None]) -> int:
    return int(psutil.Process().memory_info().rss)


def _write(folder: Path) -> None:
    with atomic_folder(folder) as temporary:
        (temporary / "bytes").write_bytes(b"\x5a" * WRITTEN)


def measure_floor(floor: FloorItems, say: Callable[[str], None]) -> Floor:
    """Fit and predict on a few of the items, in this process."""
    watch = Others()
    register_all()
    method = METHODS[floor.run.identity.method](floor.run.identity.options)
    items = floor.items[:COMPARED_ITEMS if method.compares else FLOOR_ITEMS]
    job = Job(floor.task.view, items, items, floor.run.budget, 0, floor.device, Clock(),
              FeatureStore(None))
    setting = method.settings(job)[0]
    fit = seconds_of(lambda: method.fit(job, setting), floor.device)
    fitted = method.fit(job, setting).fitted
    predict = seconds_of(lambda: fitted.predict(asked(items), Clock()), floor.device)
    against = len(floor.items) / len(items) if method.compares else 1.0
    return Floor(fit / len(items), against * predict / len(items), watch.share())
