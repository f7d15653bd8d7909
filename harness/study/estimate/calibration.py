"""What this machine takes for a study's work, measured once and kept in the cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from harness.common.cache import cache_folder
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.common.kinds import ASKED
from harness.methods.method import METHODS
from harness.processes.own import Say, in_own_process
from harness.processes.server import start_server
from harness.processes.turns import BusyError, at_once
from harness.study.estimate.general import Questions, ask_few, few_questions
from harness.study.estimate.machine import (
    Floor,
    FloorItems,
    Machine,
    machine_key,
    measure_floor,
    measure_machine,
)
from harness.study.estimate.measured import Asked, Measured
from harness.study.estimate.probe import Subject, measure
from harness.study.planning.plan import Plan, PlannedRun
from harness.targets.kinds import KINDS

CALIBRATION, MEASURED = "calibration", "measured.json"
T = TypeVar("T")


@dataclass(frozen=True)
class Calibration:
    """All that was measured for a plan. What could not be measured is absent, with the reason."""

    machine: Machine
    measured: Mapping[Subject, Measured]
    floors: Mapping[FloorItems, Floor]
    general: Mapping[Questions, Asked]
    reasons: tuple[str, ...]
    seconds: float
    """That this took now; little where all was kept."""
    kept: tuple[str, ...]
    """Folders of the cache that hold it."""
    whole: bool
    """Whether all that was asked for is here."""

    @property
    def others(self) -> float:
        """The most that other programs used of the processor during a measurement, 0 to 1."""
        parts: list[Machine | Measured | Floor | Asked] = [
            self.machine, *self.measured.values(), *self.floors.values(), *self.general.values()]
        return max(part.others for part in parts)


def calibrate(plan: Plan, runs: Sequence[PlannedRun], say: Say) -> Calibration:
    """Measure what these runs need and the cache does not have, each with the machine to itself.

    Nobody waits for it: what another study stands in the way of is absent, with that reason. Raises
    BusyError where nothing can be said without it.
    """
    start = time.perf_counter()
    noted = _Noted()
    look_up = partial(_look_up, plan.device, say, noted)
    machine = look_up(Machine, "the smallest run", machine_key(),
                      partial(measure_machine, runs[0].identity, plan.device, say))
    if machine is None:
        raise HarnessError(f"this machine cannot be measured: {noted.reasons[0]}",
                           "Run `harness plan` with --debug.")
    look_up = partial(_unless_busy, plan.device, say, noted)
    measured = {s: look_up(Measured, s.title, s.key, partial(_elsewhere, measure, s, say))
                for s in dict.fromkeys(_subjects(plan, runs))}
    floors = {i: look_up(Floor, i.run.title, i.key, partial(_elsewhere, measure_floor, i, say))
              for run in runs if run.entry.backbone is None
              for i in [floor_items(plan, run)]}
    general = {q: look_up(Asked, q.title, q.key, partial(_elsewhere, ask_few, q, say))
               for q in dict.fromkeys(questions_of(plan, run) for run in runs) if q is not None}
    whole = not noted.reasons
    noted.reasons += [f"{name}: the passes of an encoder with a decoder are not worked out"
                      for name, handle in plan.backbones.items() if handle.kind == "seq2seq"]
    return Calibration(machine, _found(measured), _found(floors), _found(general),
                       tuple(noted.reasons), time.perf_counter() - start,
                       tuple(dict.fromkeys(noted.kept)), whole)


def subject_of(plan: Plan, run: PlannedRun) -> Subject | None:
    """What is measured for a run: its backbone under its method, or as it is where nothing learns;
    under the method underneath for one that stands on another.

    None without a backbone, for a model that answers in words (how long an answer gets is not
    known before it is given), and for a sequence-to-sequence model.
    """
    if (run.entry.backbone is None or run.identity.kind == "seq2seq"
            or (run.identity.kind in ASKED
                and KINDS[plan.task.kind].written(run.identity.kind))):
        return None
    asked = run
    if run.identity.inner is not None:
        asked = next(r for r in plan.runs if r.run_id == run.identity.inner)
    learns = METHODS[asked.identity.method].changes_weights
    return Subject.of(plan.backbones[run.entry.backbone], run.budget.max_length, plan.device,
                      asked.entry.method if learns else None)


def embedder_of(plan: Plan, run: PlannedRun) -> Subject | None:
    """The embedder, for a run that retrieves by it."""
    if plan.embedder is None or run.identity.embedder_sha256 is None:
        return None
    return Subject.of(plan.embedder, run.budget.max_length, plan.device, None)


def floor_items(plan: Plan, run: PlannedRun) -> FloorItems:
    """A run without a backbone, with a few of the suite's items."""
    return FloorItems(run, plan.task, tuple(plan.sample(run.budget).train), plan.device)


def questions_of(plan: Plan, run: PlannedRun) -> Questions | None:
    """General items for a run whose weights change; None where none are asked."""
    asked = plan.loaded.suite.measure.forgetting
    if (asked is None or run.entry.backbone is None or run.identity.kind == "seq2seq"
            or not run.entry.method.changes_weights):
        return None
    return Questions(plan.backbones[run.entry.backbone], few_questions(asked).model_dump_json(),
                     plan.device)


def _subjects(plan: Plan, runs: Sequence[PlannedRun]) -> list[Subject]:
    found = [of(plan, run) for run in runs for of in (subject_of, embedder_of)]
    return [subject for subject in found if subject is not None]


@dataclass
class _Noted:
    """What came of looking measurements up: those that are not to be had, and where the others
    lie."""

    reasons: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def _look_up(device: Device, say: Say, noted: _Noted, kind: type[T], title: str,
             key: Sequence[Any], make: Callable[[], T]) -> T | None:
    """The kept measurement, or a new one; None where that fails, with the reason. Raises BusyError
    where another study has the device that a new one needs."""
    adapter = TypeAdapter(kind)
    name = sha256_json([kind.__name__, *key, device.type, device.name, device.autocast,
                        device.threads])[:32]
    folder = cache_folder() / CALIBRATION / name

    def fill(into: Path) -> None:
        with at_once(device, say):
            say(f"measuring this machine: {title}")
            (into / MEASURED).write_bytes(adapter.dump_json(make()))

    try:
        kept_folder(folder, fill)
    except _NotMeasuredError as error:
        noted.reasons.append(f"{title}: {error}")
        return None
    noted.kept.append(f"{CALIBRATION}/{name}")
    return adapter.validate_json((folder / MEASURED).read_bytes())


def _unless_busy(device: Device, say: Say, noted: _Noted, kind: type[T], title: str,
                 key: Sequence[Any], make: Callable[[], T]) -> T | None:
    """`_look_up`, and None where another study has the device."""
    try:
        return _look_up(device, say, noted, kind, title, key, make)
    except BusyError as busy:
        noted.reasons.append(f"{title}: {busy.found}")
        return None


class _NotMeasuredError(Exception):
    """A measurement that failed: not kept, and tried again by the next plan."""


def _elsewhere(work: Callable[..., T], argument: Any, say: Say) -> T:
    outcome = in_own_process(start_server(), work, argument, say)
    if outcome.failure is not None:
        raise _NotMeasuredError(outcome.failure)
    result: T = outcome.result
    return result


def _found(parts: Mapping[Any, T | None]) -> dict[Any, T]:
    return {key: part for key, part in parts.items() if part is not None}
