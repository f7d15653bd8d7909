"""Units that a plan needs, measured once with the machine to themselves and kept in the cache."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from harness.backbones.handle import Handle
from harness.common.cache import cache_folder
from harness.common.capabilities import ASKED
from harness.common.device import Device
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.common.memory import available
from harness.common.provenance import ITEMS, provenance
from harness.forgetting.catalogue import catalogue
from harness.methods.asking.asked import BATCH as DECODER_BATCH
from harness.methods.learning.encoder import BATCH as ENCODER_BATCH
from harness.methods.method import METHODS
from harness.processes.own import Say
from harness.processes.turns import BusyError, at_once
from harness.study.assignment import Assignment
from harness.study.estimate.room import amount, least_memory
from harness.study.estimate.units import (
    NotMeasuredError,
    Questions,
    UnitCosts,
    elsewhere,
    time_method,
    time_questions,
    time_reading,
    time_start,
)
from harness.study.planning.plan import Plan, PlannedRun
from harness.study.run import assign
from harness.study.store import Store
from harness.suite import BackboneKind, ForgettingItems
from harness.tasks.examples import Example

UNITS, MEASURED = "units", "measured.json"
TOKENS = {"cpu": 384, "cuda": 16_384}
"""Of what is timed at once: enough to keep the device busy, few enough to be quick."""
FITTED = 200
"""The most items that are known to what does not learn by gradient."""
BATCHES: dict[BackboneKind | None, int] = {None: 32, "encoder": ENCODER_BATCH,
                                           "image": ENCODER_BATCH, "vectors": ENCODER_BATCH,
                                           "decoder": DECODER_BATCH, "seq2seq": DECODER_BATCH}
"""Items that are answered at once, by kind of backbone."""
FEW, LEAST = 8, {"benchmarks": 2, "probes": 20, "passages": 2}
"""Benchmark items to time with, in all; of each benchmark, probe and of passages at least."""
WRITTEN = 16
"""Items to time with of each benchmark whose answers are written: many at once cost little more
than few."""
NOWHERE = Store(Path("/nonexistent"))


@dataclass(frozen=True)
class Unit:
    """What is timed: by its name, whoever needs it."""

    name: str
    title: str = field(compare=False)
    measure: Callable[[Say], UnitCosts] = field(compare=False)
    needs: float = field(default=0.0, compare=False)
    """Bytes of memory, at the least."""


@dataclass
class Units:
    """What was measured for a plan. What could not be is absent, with the reason."""

    costs: dict[str, UnitCosts] = field(default_factory=dict)
    """By the units' names."""
    reasons: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    """That this took now; little where all was kept."""
    kept: list[str] = field(default_factory=list)
    """Folders of the cache that hold it."""

    @property
    def others(self) -> float:
        """The most that other programs used of the processor during a measurement, 0 to 1."""
        return max((cost.others for cost in self.costs.values()), default=0.0)


def measured(units: Iterable[Unit], device: Device, say: Say) -> Units:
    """Each unit once. Nobody waits for it: what another study stands in the way of is absent, with
    that reason. Raises BusyError where nothing can be said without it, and HarnessError where
    nothing can be measured."""
    begin, found = time.perf_counter(), Units()
    for unit in dict.fromkeys(units):
        folder = f"{UNITS}/{unit.name}"
        try:
            if unit.needs > (has := available(device)):
                raise NotMeasuredError(f"it needs {amount(unit.needs)} of memory to be measured, "
                                        f"{amount(has)} are available")
            found.costs[unit.name] = _kept(unit, cache_folder() / folder, device, say)
            found.kept.append(folder)
        except NotMeasuredError as error:
            found.reasons[unit.name] = f"{unit.title}: {error.found}"
        except BusyError as busy:
            if not found.costs:
                raise
            found.reasons[unit.name] = f"{unit.title}: {busy.found}"
    found.seconds = time.perf_counter() - begin
    return found


def start_unit(plan: Plan, run: PlannedRun) -> Unit:
    """What every run takes, whatever its method."""
    smallest = dataclasses.replace(_few(plan, run, 2, 2), backbone=None)
    identity = smallest.identity.model_copy(update={
        "run_id": "smallest", "backbone": None, "kind": None, "method": "majority",
        "label": "majority", "options": {}, "inner": None, "retriever": None, "metric": None})
    smallest = dataclasses.replace(smallest, identity=identity, inner=None, retriever=None)
    of = ["start", provenance(__name__, known=ITEMS).key, identity.task_sha256]
    return _unit("the smallest run", of, plan.device, partial(time_start, smallest))


def method_unit(plan: Plan, run: PlannedRun) -> Unit:
    """A run's method on its backbone at the plan's lengths, or one with passes alike."""
    method = run.entry.method
    timed = METHODS[method.like]({}) if method.like else method
    name, options = timed.name, timed.described()
    # A batch as runs have it, and half of one.
    most = 2 * len(plan.sample(run.budget).train) // 3
    batch = max(1, min(run.budget.batch, most)) if method.changes_weights else 1
    train = batch + max(1, batch // 2) if method.changes_weights else FITTED
    # What only answers takes most memory then.
    answered = _rows(plan.device, run) if method.changes_weights else BATCHES[run.identity.kind]
    few = _few(plan, run, train, answered)
    passes = 2 if method.keeps_states else 1
    budget = few.budget.model_copy(update={"epochs": passes, "steps": 1, "batch": batch})
    identity = few.identity.model_copy(update={"method": name, "options": options, "inner": None,
                                                 "retriever": None})
    few = dataclasses.replace(few, identity=identity, budget=budget, inner=None, retriever=None)
    title = f"{name} on {run.entry.backbone}" if run.entry.backbone else name
    made = provenance(__name__, METHODS[name].__module__, known=ITEMS).key
    of = ["method", made, name, options, few.backbone and few.backbone.sha256,
          len(few.task.splits.train), budget.max_length, budget.max_words, budget.ends,
          identity.task_sha256, identity.items_sha256]
    needs = least_memory(few.backbone, run, plan.device) if few.backbone else 0.0
    return _unit(title, of, plan.device, partial(elsewhere, time_method, few), needs)


def reading_unit(plan: Plan, run: PlannedRun, backbone: Handle) -> Unit:
    """Frozen weights that read items of a run's length."""
    few = _few(plan, run, 2, _rows(plan.device, run))
    few = dataclasses.replace(few, backbone=backbone, inner=None, retriever=None)
    of = ["reading", provenance(__name__, known=ITEMS).key, backbone.sha256,
          few.budget.max_length, few.budget.max_words, few.budget.ends, few.identity.items_sha256]
    return _unit(f"features of {backbone.name}", of, plan.device,
                 partial(elsewhere, time_reading, few))


def questions_unit(plan: Plan, run: PlannedRun, asks: ForgettingItems) -> Unit:
    """General items put to a run's backbone."""
    assignment = _few(plan, run, 2, 2)
    backbone = plan.backbones[str(run.entry.backbone)]
    parts = [Questions(few := few_questions(part), count_items(few, backbone.kind),
                       count_items(part, backbone.kind))
             for part in by_answer(asks) if count_items(part, backbone.kind)]
    timed = partial(time_questions, parts)
    of = ["questions", provenance(__name__, known=ITEMS).key, backbone.kind, backbone.sha256,
          [[part.few.model_dump(mode="json"), part.of] for part in parts]]
    return _unit(f"general items on {backbone.name}", of, plan.device,
                 partial(elsewhere, timed, assignment))


def by_answer(asks: ForgettingItems) -> tuple[ForgettingItems, ForgettingItems]:
    """What is read, and the benchmarks whose answers are written."""
    written = {name for name, known in catalogue().benchmarks.items() if known.tokens is not None}
    read, said = ({name: items for name, items in asks.benchmarks.items()
                   if (name in written) == wanted} for wanted in (False, True))
    return (asks.model_copy(update={"benchmarks": read}),
            asks.model_copy(update={"benchmarks": said, "probes": {}, "passages": 0}))


def few_questions(asks: ForgettingItems) -> ForgettingItems:
    """A few items of each benchmark, in about the shares of all; more where answers are written."""
    share = min(1.0, FEW / max(1, sum(asks.benchmarks.values())))
    known = catalogue().benchmarks
    least = {name: WRITTEN if name in known and known[name].tokens else LEAST["benchmarks"]
             for name in asks.benchmarks}
    return asks.model_copy(update={
        "benchmarks": {name: min(items, max(least[name], round(items * share)))
                       for name, items in asks.benchmarks.items()},
        "probes": {name: min(items, LEAST["probes"]) for name, items in asks.probes.items()},
        "passages": min(asks.passages, LEAST["passages"])})


def count_items(asks: ForgettingItems, kind: str) -> int:
    """Items that a backbone of a kind is asked, passages included."""
    own = asks.benchmarks if kind in ASKED else asks.probes
    return sum(own.values()) + asks.passages


def usual(items: Sequence[Example], count: int) -> tuple[Example, ...]:
    """So many items at even distances in the order of their lengths: about as long on the whole
    as all of them. The first is of middle length."""
    order = sorted(items, key=lambda item: len(item.joined))
    count = min(count, len(order))
    places = [int((number + 0.5) / count * len(order)) for number in range(count)]
    middle = places.pop(len(places) // 2)
    return tuple(order[place] for place in (middle, *places))


def _few(plan: Plan, run: PlannedRun, train: int, answered: int) -> Assignment:
    """The run with a few of its items, which keeps and finds nothing on disk."""
    assignment, splits = assign(plan, NOWHERE, run), plan.sample(run.budget)
    few = dataclasses.replace(
        splits, train=usual(splits.train, train), validation=usual(splits.validation, 2),
        test=usual(splits.test, answered))
    return dataclasses.replace(assignment, task=dataclasses.replace(plan.task, splits=few),
                               setting=None, features=None)


def _rows(device: Device, run: PlannedRun) -> int:
    """Items that are timed at once."""
    return min(BATCHES[run.identity.kind], max(1, TOKENS[device.type] // run.budget.max_length))


def _unit(title: str, of: Sequence[Any], device: Device, measure: Callable[[Say], UnitCosts],
          needs: float = 0.0) -> Unit:
    name = sha256_json([*of, device.type, device.name, device.autocast, device.threads,
                        device.kernels])[:32]
    return Unit(name, title, measure, needs)


def _kept(unit: Unit, folder: Path, device: Device, say: Say) -> UnitCosts:
    adapter = TypeAdapter(UnitCosts)

    def fill(into: Path) -> None:
        with at_once(device, say):
            say(f"measuring this machine: {unit.title}")
            (into / MEASURED).write_bytes(adapter.dump_json(unit.measure(say)))

    kept_folder(folder, fill)
    return adapter.validate_json((folder / MEASURED).read_bytes())
