"""Running a plan: what is missing is carried out, then latency is measured for all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from harness.common.errors import HarnessError
from harness.sources.cache import cache_folder
from harness.study.executor import alone, in_own_process, run_locally
from harness.study.forgetting import measure_check, pass_on, to_measure
from harness.study.plan import Plan, PlannedRun
from harness.study.record import Record
from harness.study.rounds import Round, time_round
from harness.study.server import start_server
from harness.study.store import PASSING, Store
from harness.study.work import Assignment, failure
from harness.suite import RunLimits


class Watcher(Protocol):
    """Told what happens while a study runs."""

    def started(self, run: PlannedRun) -> None:
        """A run begins."""

    def said(self, text: str) -> None:
        """Something happened inside it."""

    def warned(self, text: str) -> None:
        """Something that a person must see went wrong."""

    def ended(self, run: PlannedRun, record: Record) -> None:
        """A run has its record."""


def missing(plan: Plan, store: Store) -> list[PlannedRun]:
    """Runs without a record that stands."""
    return [run for run in plan.runs if store.standing(run.run_id) is None]


def run_study(plan: Plan, store: Store, watcher: Watcher) -> dict[str, Record]:
    """Carry out what is missing and return every record by run id.

    A failed run is a record and the study goes on; runs that need it fail with that reason.
    Raises CannotWriteError when the disk is full, and HarnessError when runs vanished meanwhile.
    """
    for run in missing(plan, store):
        damaged = store.damage(run.run_id)
        if damaged is not None:
            watcher.warned(f"{run.title}: {damaged} of run {run.run_id} is damaged: run again")
        watcher.started(run)
        watcher.ended(run, _run(plan, store, run, watcher.said))
    _measure_forgetting(plan, store, watcher)
    _time_all(plan, store, watcher)
    records = {run.run_id: record for run in plan.runs
               if (record := store.load(run.run_id)) is not None}
    if len(records) < len(plan.runs):
        raise HarnessError(f"{len(plan.runs) - len(records)} finished runs are no longer in "
                           f"{store.folder}", "Somebody removed them: run the same command again.")
    return records


def assign(plan: Plan, store: Store, run: PlannedRun) -> Assignment:
    """The assignment of a planned run, with the setting of the first seed where it is known."""
    tuned = store.load(run.tuned_by) if run.tuned_by else None
    inner = next((r for r in plan.runs if r.run_id == run.identity.inner), None)
    return Assignment(
        identity=run.identity,
        task=dataclasses.replace(plan.task, splits=plan.sample(run.budget)), budget=run.budget,
        backbone=plan.backbones[run.entry.backbone] if run.entry.backbone else None,
        embedder=plan.embedder, device=plan.device, runs=Path(store.folder).resolve(),
        features=cache_folder() / "features", setting=tuned.setting if tuned else None,
        inner=assign(plan, store, inner) if inner else None,
    )


def _run(plan: Plan, store: Store, run: PlannedRun, say: Callable[[str], None]) -> Record:
    assignment = assign(plan, store, run)
    for needed in run.needs:
        record = store.load(needed)
        if record is None or record.status.state != "ok":
            state = record.status.state if record else "absent"
            title = next(r.title for r in plan.runs if r.run_id == needed)
            # What is tried again, is tried again with all that needs it.
            ended = record.status.state if record and record.status.state in PASSING else "failed"
            with store.lock(run.run_id):
                return store.write(failure(assignment, ended,
                                           f"it needs the run '{title}', which is {state}"))
    return run_locally(start_server(), assignment, say, plan.loaded.suite.run_limits)


def latency_round(plan: Plan, store: Store) -> Round | None:
    """The round over the first seed of every method that has a result; None for none.

    The items are the test items that every method was asked.
    """
    first = [run for run in plan.runs if run.tuned_by is None and run.size is None]
    records = {run.run_id: store.load(run.run_id) for run in first}
    able = [run for run in first
            if (record := records[run.run_id]) is not None and record.status.state == "ok"]
    if not able:
        return None
    count = min(run.budget.test for run in able)
    return Round(tuple(assign(plan, store, run) for run in able),
                 tuple(plan.task.splits.test[:count]), plan.loaded.suite.measure.latency)


def _timed_together(timed: Round, store: Store) -> bool:
    names = set()
    for assignment in timed.assignments:
        record = store.load(assignment.identity.run_id)
        names.add(record.latency.round if record and record.latency else None)
    return names == {timed.name}


def _measure_forgetting(plan: Plan, store: Store, watcher: Watcher) -> None:
    with alone(plan.device, watcher.said):
        for check in to_measure(plan, store, partial(assign, plan, store)):
            outcome = in_own_process(start_server(), measure_check, check, watcher.said,
                                     _scaled(plan, len(check.runs) + 1))
            if outcome.failure is not None:
                watcher.warned(f"forgetting of {check.backbone.name} could not be measured: "
                               f"{outcome.failure}")
        pass_on(plan, store)


def _time_all(plan: Plan, store: Store, watcher: Watcher) -> None:
    with alone(plan.device, watcher.said):
        timed = latency_round(plan, store)
        if timed is None or _timed_together(timed, store):
            return
        outcome = in_own_process(start_server(), time_round, timed, watcher.said,
                                 _scaled(plan, len(timed.assignments)))
        if outcome.failure is not None:
            watcher.warned(f"latency could not be measured: {outcome.failure}")
            return
        for run_id, latency in outcome.result.items():
            store.amend(run_id, latency=latency)


def _scaled(plan: Plan, runs: int) -> RunLimits:
    """The limits of a process that works on this many runs, one after another."""
    limits = plan.loaded.suite.run_limits
    return RunLimits(minutes=limits.minutes and limits.minutes * runs)
