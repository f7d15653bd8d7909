"""Plans: what a suite would run, what that costs, and what is wrong with its data.

Imports nothing that only results need. A console is where progress is shown; what was found is
returned.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from harness.common.errors import HarnessError
from harness.common.memory import available
from harness.compare.devices import Gpu, find_device
from harness.executors.place import HERE, Place
from harness.processes.turns import BusyError, at_once
from harness.report.checked import Checked
from harness.report.console import sayer
from harness.report.planned import Elsewhere, Planned
from harness.study.check import findings, power_findings, spreads_of
from harness.study.estimate.estimate import Estimate, estimate
from harness.study.estimate.room import check_least, least_memory, no_room
from harness.study.planning.kept_outline import keep
from harness.study.planning.outline import Outline
from harness.study.planning.outlined import notes_of, outline_of
from harness.study.planning.plan import Plan, PlannedRun, make_plan
from harness.study.planning.windows import check_windows, window_findings
from harness.study.run import missing
from harness.study.store import Store
from harness.suite import LoadedSuite, find_suite, load_suite


def load(suite: str, profile: str | None, suites: Path) -> LoadedSuite:
    """A suite by name or path, under a profile."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return load_suite(find_suite(suite, suites), profile)


def prepare(suite: str, profile: str | None, suites: Path, place: Place = HERE) -> Plan:
    """Load a suite, fetch what it names and plan its runs."""
    return make_plan(load(suite, profile, suites), place.device())


def planned(console: Console, plan: Plan, runs: Path, name: str | None) -> Planned:
    """Measure the machine: the plan and what it will cost, as far as that is known where another
    study has the device; what is known in full is kept under a name, where there is one.

    Raises HarnessError for a run that does not fit this machine's memory.
    """
    left = runs_left(console, plan, runs)
    outline, expected = outlined(console, plan, left)
    if name is not None and (not left or (expected is not None and not expected.units.reasons)):
        keep(name, outline, _needs(plan, left, expected), store_of(plan, runs).folder,
             [run.run_id for run in plan.runs], expected.folders if expected else ())
    return Planned(outline)


def outlined(console: Console, plan: Plan, left: Sequence[PlannedRun]
             ) -> tuple[Outline, Estimate | None]:
    """What is said of a plan, and what its runs cost, where the machine could be measured. Raises
    as `planned`."""
    check_windows(plan, left)
    check_least(plan, left, available(plan.device))
    expected = _estimated(console, plan, left)
    if expected is not None:
        _check_memory(plan, left, expected)
    return outline_of(plan, left, expected, power_findings(plan)), expected


def planned_elsewhere(console: Console, plan: Plan, runs: Path, names: Sequence[str]) -> Planned:
    """The plan with an estimate for GPUs by name, whether or not it fits this machine.

    Raises HarnessError for an unknown name.
    """
    devices = {name: find_device(name) for name in names}
    left = runs_left(console, plan, runs)
    check_windows(plan, left)
    expected = _estimated(console, plan, left)
    outline = outline_of(plan, left, expected)
    if expected is None:
        return Planned(outline)
    largest = max(devices.values(), key=lambda gpu: gpu.bytes)
    return Planned(outline, Elsewhere(expected.total, expected.tensors, devices,
                                      _misfit(plan, left, expected, largest)))


def _misfit(plan: Plan, left: Sequence[PlannedRun], expected: Estimate, largest: Gpu
            ) -> HarnessError | None:
    """Of the first run that does not even fit the largest GPU."""
    for run in plan.here(left):
        if run.entry.backbone is None:
            continue
        cost = expected.runs.get(run.run_id)
        needs = cost.memory if cost is not None else least_memory(
            plan.backbones[run.entry.backbone], run, plan.device)
        if needs > largest.bytes:
            return no_room(plan, run, needs, largest.bytes)
    return None


def _estimated(console: Console, plan: Plan, left: Sequence[PlannedRun]) -> Estimate | None:
    """What the runs cost; None, with the reason said, where that cannot be measured now."""
    here = plan.here(left)
    if not here:
        return None
    try:
        return estimate(plan, here, sayer(console))
    except BusyError as busy:
        console.print(f"no times: this machine is not measured yet, and {busy.found}. {busy.fix}",
                      highlight=False, soft_wrap=True)
        return None


def runs_left(console: Console, plan: Plan, runs: Path) -> list[PlannedRun]:
    """The runs to do; damaged ones are named."""
    store = store_of(plan, runs)
    left = missing(plan, store)
    name_damage(console, left, store)
    return left


def _check_memory(plan: Plan, left: Sequence[PlannedRun], expected: Estimate) -> None:
    has = available(plan.device)
    for run in left:
        if (needs := _memory_of(run, expected)) > has:
            raise no_room(plan, run, needs, has)


def _memory_of(run: PlannedRun, expected: Estimate | None) -> float:
    """Bytes that a run on a backbone takes, as far as that is known."""
    cost = expected.runs.get(run.run_id) if expected and run.entry.backbone else None
    return expected.memory_of(cost) if expected and cost else 0.0


def _needs(plan: Plan, left: Sequence[PlannedRun], expected: Estimate | None) -> float:
    """Bytes below which one of the runs is refused."""
    least = [least_memory(plan.backbones[run.entry.backbone], run, plan.device)
             for run in plan.here(left)
             if run.entry.backbone is not None]
    return max([*least, *(_memory_of(run, expected) for run in left)], default=0.0)


def check(console: Console, plan: Plan) -> Checked:
    """Look at the data. Does not wait for a device that is taken."""
    found = (*window_findings(plan), *findings(plan, sayer(console), at_once))
    return Checked(plan.loaded.suite.name, notes_of(plan), tuple(spreads_of(plan)), found)


def name_damage(console: Console, runs: Iterable[PlannedRun], store: Store) -> int:
    """Print a line for every kept run that is not as it was written. Returns their number."""
    damaged = [(run, name) for run in runs
               if (name := store.damage(run.run_id)) is not None]
    for run, name in damaged:
        console.print(f"{run.title}: {name} of run {run.run_id} is damaged: it counts as missing",
                      markup=False, highlight=False, soft_wrap=True)
    return len(damaged)


def store_of(plan: Plan, runs: Path) -> Store:
    """Where a plan's runs are kept."""
    return Store(runs / plan.loaded.suite.name)
