"""Running a plan: what is missing is carried out, then latency is measured for all."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

from harness.common.cache import cache_folder
from harness.common.errors import HarnessError
from harness.processes.own import Returned
from harness.processes.turns import WAITING
from harness.study.assignment import Assignment
from harness.study.exporting import Exporting, NoExports
from harness.study.forgetting import pass_on, to_measure
from harness.study.planning.plan import Plan, PlannedRun
from harness.study.queue import Executor, Listed, Watcher, one_by_one
from harness.study.queued import Queued, QueuedForgetting, QueuedLatency, QueuedRun
from harness.study.record import Record
from harness.study.rounds import Round
from harness.study.store import PASSING, Store
from harness.study.work import failure
from harness.suite import RunLimits
from harness.tasks.examples import asked


def missing(plan: Plan, store: Store) -> list[PlannedRun]:
    """Runs without a record that stands."""
    return [run for run in plan.runs if store.standing(run.run_id) is None]


def run_study(plan: Plan, store: Store, watcher: Watcher, execute: Executor = one_by_one,
              exporting: Exporting | None = None) -> dict[str, Record]:
    """Carry out what is missing and return every record by run id. `exporting` writes finished
    runs as they ship.

    A failed run is a record and the study goes on; runs that need it fail with that reason.
    Raises CannotWriteError when the disk is full, and HarnessError when runs vanished meanwhile.
    """
    execute(Runs(plan, store, watcher), watcher)
    _measure_forgetting(plan, store, watcher, execute)
    exporting = exporting or NoExports()
    _export(plan, store, watcher, execute, exporting)
    _time_all(plan, store, watcher, execute, exporting)
    records = {run.run_id: record for run in plan.runs
               if (record := store.load(run.run_id)) is not None}
    if len(records) < len(plan.runs):
        raise HarnessError(f"{len(plan.runs) - len(records)} finished runs are no longer in "
                           f"{store.folder}", "Somebody removed them: run the same command again.")
    return records


class Runs:
    """The queue of a plan's missing runs: in the plan's order, as far as what they need is done.
    """

    def __init__(self, plan: Plan, store: Store, watcher: Watcher) -> None:
        self.plan, self.store, self.watcher = plan, store, watcher
        self.left = missing(plan, store)
        self.unfinished = {run.run_id: run for run in self.left}

    def next(self) -> QueuedRun | None:
        """A run that can begin. One that needs a run without a result fails here."""
        while (run := self._ready()) is not None:
            self.left.remove(run)
            damaged = self.store.damage(run.run_id)
            if damaged is not None:
                self.watcher.warned(f"{run.title}: {damaged} of run {run.run_id} is damaged: "
                                    "run again")
            self.watcher.started(run)
            assignment = assign(self.plan, self.store, run)
            failed = unmet(self.plan, self.store, run, assignment)
            if failed is None:
                return QueuedRun(run.title, assignment, self.plan.loaded.suite.run_limits)
            self._finish(failed)
        return None

    def ended(self, queued: Queued, outcome: Returned) -> None:
        """A run's outcome is its record, whatever came of it."""
        self._finish(outcome.result)

    def _ready(self) -> PlannedRun | None:
        return next((run for run in self.left if self.unfinished.keys().isdisjoint(run.needs)),
                    None)

    def _finish(self, record: Record) -> None:
        self.watcher.ended(self.unfinished.pop(record.identity.run_id), record)


def assign(plan: Plan, store: Store, run: PlannedRun) -> Assignment:
    """The assignment of a planned run, with the setting of the first seed where it is known."""
    tuned = store.load(run.tuned_by) if run.tuned_by else None
    inner, retriever = (next((r for r in plan.runs if r.run_id == run_id), None)
                        for run_id in (run.identity.inner, run.identity.retriever))
    device = dataclasses.replace(plan.device, together=run.identity.devices,
                                 sharded=run.identity.sharded)
    return Assignment(
        identity=run.identity,
        task=dataclasses.replace(plan.task,
                                 splits=plan.sample(run.budget, run.identity.draw)),
        budget=run.budget,
        backbone=plan.backbones.get(run.entry.backbone or ""),
        endpoint=plan.endpoints.get(run.entry.backbone or ""),
        embedder=plan.embedder,
        reranker=plan.rerankers.get(run.entry.method.reranks or ""),
        general=plan.general.get(run.entry.method.general, ()), device=device,
        runs=Path(store.folder).resolve(),
        features=cache_folder() / "features", answers=cache_folder() / "answers",
        setting=tuned.setting if tuned else None,
        inner=assign(plan, store, inner) if inner else None,
        retriever=assign(plan, store, retriever) if retriever else None,
    )


def unmet(plan: Plan, store: Store, run: PlannedRun, assignment: Assignment) -> Record | None:
    """The record of a run that needs another which has no result; None where it can begin."""
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
    return None


def latency_round(plan: Plan, store: Store, exporting: Exporting | None = None) -> Round | None:
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
                 asked(plan.task.splits.test[:count]), plan.loaded.suite.measure.latency,
                 exporting.timed(plan, store) if exporting else ())


def _timed_together(timed: Round, store: Store) -> bool:
    names = set()
    for assignment in timed.assignments:
        record = store.load(assignment.identity.run_id)
        names.add(record.latency.round if record and record.latency else None)
    for one in timed.shipped:
        found = store.record(one.run_id).exports[one.to].latency
        names.add(found.round if found else None)
    return names == {timed.name}


def _measure_forgetting(plan: Plan, store: Store, watcher: Watcher, execute: Executor) -> None:
    def told(queued: Queued, outcome: Returned) -> None:
        if outcome.failure is not None:
            watcher.warned(f"{queued.title} could not be measured: {outcome.failure}")

    with store.lock("forgetting", partial(watcher.said, WAITING)):
        checks = to_measure(plan, store, partial(assign, plan, store))
        execute(Listed([QueuedForgetting(check, _scaled(plan, len(check.runs) + 1))
                        for check in checks], told), watcher)
        pass_on(plan, store)


def _export(plan: Plan, store: Store, watcher: Watcher, execute: Executor, exporting: Exporting
            ) -> None:
    def told(queued: Queued, outcome: Returned) -> None:
        for text in exporting.ended(queued, outcome):
            watcher.warned(text)

    with store.lock("exports", partial(watcher.said, WAITING)):
        left = exporting.queued(plan, store, partial(assign, plan, store))
        execute(Listed(list(left), told), watcher)


def _time_all(plan: Plan, store: Store, watcher: Watcher, execute: Executor,
              exporting: Exporting) -> None:
    def told(queued: Queued, outcome: Returned) -> None:
        if outcome.failure is not None:
            watcher.warned(f"{queued.title} could not be measured: {outcome.failure}")
            return
        for (run_id, to), timed in outcome.result.items():
            if to is None:
                store.amend(run_id, latency=timed.served, latency_apart=timed.apart)
            else:
                store.time_export(run_id, to, timed.served)

    # Two studies on one folder must not mix the figures of two rounds.
    with store.lock("latency", partial(watcher.said, WAITING)):
        timed = latency_round(plan, store, exporting)
        if timed is not None and not _timed_together(timed, store):
            limits = _scaled(plan, len(timed.assignments) + len(timed.shipped))
            execute(Listed([QueuedLatency(timed, limits)], told), watcher)


def _scaled(plan: Plan, runs: int) -> RunLimits:
    """The limits of a process that works on this many runs, one after another."""
    limits = plan.loaded.suite.run_limits
    return RunLimits(minutes=limits.minutes and limits.minutes * runs)
