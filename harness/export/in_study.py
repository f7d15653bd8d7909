"""A study's finished runs exported, asked its test items again, and loaded to be timed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self, cast

import pyarrow as pa

from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.kinds import ExportFormat
from harness.common.leftovers import prefix
from harness.common.names import did_you_mean
from harness.common.provenance import ITEMS, provenance
from harness.export.asked_again import ExportJob, export_again, open_whole, weights_sha256
from harness.export.formats import find_format, formats
from harness.export.memory import memory_of
from harness.measure.as_exported import AsExported
from harness.methods.fitted import Answering
from harness.processes.own import Returned, Say, in_own_process
from harness.processes.server import start_server
from harness.processes.turns import alone
from harness.study.assignment import Assignment
from harness.study.exporting import Assign
from harness.study.planning.plan import Plan, PlannedRun
from harness.study.queued import Queued, QueuedRun
from harness.study.record import Record
from harness.study.rounds import ShippedRun
from harness.study.store import Store
from harness.suite import Exports, RunLimits

Found = tuple[AsExported, pa.Table | None]
WHERE = ("measure", "exports")


@dataclass(frozen=True)
class QueuedExports:
    """One run in the formats that it lacks. Its outcome holds figures and answers by format."""

    title: str
    job: ExportJob
    limits: RunLimits
    weighed: bool
    """Whether memory is measured."""

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        return (self.job.assignment,)

    @property
    def reads(self) -> tuple[str, ...]:
        return (*self._as_run.writes, *self._as_run.reads)

    @property
    def writes(self) -> tuple[str, ...]:
        return ()

    def moved(self, runs: Path, device: Device) -> Self:
        """The same, for the store in another folder and a device of the same kind."""
        moved = self._as_run.moved(runs, device).assignment
        return dataclasses.replace(self, job=dataclasses.replace(self.job, assignment=moved))

    def carry_out(self, say: Say) -> Returned:
        """Write, ask and weigh. Raises CannotWriteError."""
        device = self.job.assignment.device
        with alone(device, say), TemporaryDirectory(prefix=prefix()) as folder:
            job = dataclasses.replace(self.job, folder=Path(folder))
            outcome = in_own_process(start_server(), export_again, job, say, self.limits)
            if outcome.failure is not None:
                return outcome
            found: list[Found] = [(figures, answers)
                                  for figures, answers, _ in outcome.result]
            if self.weighed:
                memory = memory_of(job, [reader for *_, reader in outcome.result], say)
                found = [(figures.model_copy(update=memory.get(figures.format, {})), answers)
                         for figures, answers in found]
        return Returned(found)

    @property
    def _as_run(self) -> QueuedRun:
        return QueuedRun(self.title, self.job.assignment, self.limits)


@dataclass(frozen=True)
class TimedExport:
    """See `ShippedRun`: written anew where it is timed, and the same, byte for byte."""

    run_id: str
    to: ExportFormat
    weights_sha256: str

    def load(self, assignment: Assignment) -> Answering:
        """As it was asked the test items. Raises HarnessError where its weights are others."""
        whole = open_whole(assignment)
        form = find_format(self.to, whole)
        with TemporaryDirectory(prefix=prefix()) as folder:
            form.write(whole, Path(folder))
            if weights_sha256(Path(folder)) != self.weights_sha256:
                raise HarnessError(f"{whole.label} as {self.to}: other weights than were asked the "
                                   "test items", "Run its suite again.")
            return form.load(whole, Path(folder))


class InStudy:
    """See `Exporting`: by what the suite asks for."""

    def queued(self, plan: Plan, store: Store, assign: Assign) -> Sequence[Queued]:
        """What is still to be exported, a piece of work a run."""
        limits = plan.loaded.suite.run_limits
        work: list[Queued] = []
        for run, record in chosen(plan, store):
            lacking = tuple(to for to in _asked(plan).to
                            if not store.has_export(record, to, key_of(record, to)))
            if lacking:
                scaled = RunLimits(minutes=limits.minutes and limits.minutes * len(lacking))
                keys = {to: key_of(record, to) for to in lacking}
                work.append(QueuedExports(f"exports of {run.title}", ExportJob(assign(run), keys),
                                          scaled, weighed=run.tuned_by is None))
        return work

    def ended(self, queued: Queued, outcome: Returned) -> Sequence[str]:
        """Keep figures and answers with the run."""
        if outcome.failure is not None:
            return (f"{queued.title} could not be made: {outcome.failure}",)
        (assignment,) = queued.assignments
        for figures, answers in cast(list[Found], outcome.result):
            assignment.store.add_export(assignment.identity.run_id, figures, answers)
        return ()

    def timed(self, plan: Plan, store: Store) -> tuple[ShippedRun, ...]:
        """Of each first seed what was written and asked."""
        return tuple(TimedExport(run.run_id, to, found.weights_sha256)
                     for run, record in chosen(plan, store) if run.tuned_by is None
                     for to in _asked(plan).to if (found := record.exports.get(to))
                     and found.weights_sha256 and found.key == key_of(record, to))


def exporting_of(plan: Plan) -> InStudy | None:
    """What a plan's suite asks for; None for nothing. Raises HarnessError, before anything runs,
    where a method is not the suite's, or a library is not installed."""
    asked = plan.loaded.suite.measure.exports
    if asked is None:
        return None
    known = {run.identity.label for run in plan.runs}
    for label in asked.methods or ():
        if label not in known:
            raise plan.loaded.error((*WHERE, "methods"), f"the suite has no method '{label}'",
                                    did_you_mean(label, known))
    for to in asked.to:
        try:
            formats()[to].ready()
        except HarnessError as error:
            raise plan.loaded.error((*WHERE, "to"), f"{to}: {error.found}", error.fix) from None
    return InStudy()


def chosen(plan: Plan, store: Store) -> Iterator[tuple[PlannedRun, Record]]:
    """The finished runs that are exported: every seed of the whole budgets' arms, ceilings and
    endpoints left out."""
    return _wanted(plan, store.load)


def _wanted(plan: Plan, load: Callable[[str], Record | None]
            ) -> Iterator[tuple[PlannedRun, Record]]:
    asked = plan.loaded.suite.measure.exports
    for run in plan.runs:
        wanted = asked and (asked.methods is None or run.identity.label in asked.methods)
        if not wanted or run.size is not None or run.identity.ceiling:
            continue
        record = load(run.run_id)
        if record is not None and record.status.state == "ok" and (
                run.identity.backbone is not None) and record.usage is None:
            yield run, record


def unmade(plan: Plan, records: Mapping[str, Record]) -> int:
    """How many exports that the suite asks for neither are there nor have a reason."""
    asked = plan.loaded.suite.measure.exports
    return sum(to not in record.exports for run, record in _wanted(plan, records.get)
               for to in (asked.to if asked else ()))


def key_of(record: Record, to: ExportFormat) -> str:
    """What a run is exported from and by."""
    return sha256_json([to, record.artifact_sha256, record.predictions_sha256,
                        provenance(__name__, known=ITEMS).key])[:32]


def _asked(plan: Plan) -> Exports:
    found = plan.loaded.suite.measure.exports
    if found is None:
        raise AssertionError
    return found
