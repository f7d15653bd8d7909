"""One run from assignment to record, in a process of its own."""

from __future__ import annotations

import gc
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from harness.backbones.quantised import held_in
from harness.common.device import make_repeatable
from harness.common.errors import CannotRunError, CannotWriteError, HarnessError
from harness.common.kinds import State
from harness.common.text import without_folders
from harness.common.unwritable import raise_if_full
from harness.measure.cost import Cost, adaptation_cost
from harness.measure.energy import find_board, metered
from harness.measure.merge import Merge
from harness.measure.question import asked_of
from harness.measure.retrieval import retrieved
from harness.measure.usage import usage_notes, usage_of
from harness.methods.fitted import declared
from harness.methods.job import Job
from harness.methods.learning.step import OUT_OF_MEMORY, DivergedError
from harness.methods.learning.trials import Chosen, fit_once, tune
from harness.study.assignment import Assignment, deciding, make_job
from harness.study.environment import environment
from harness.study.merging import merging, unmerged
from harness.study.outcome import outcome
from harness.study.parts import budget_used, curve_records, ending, notes, trial_records
from harness.study.record import Record, Size, Status
from harness.study.tempering import Noting, fitted_temperature, tempered, tempering

Done = TypeVar("Done")


def carry_out(assignment: Assignment, say: Callable[[str], None]) -> Record:
    """Tune, fit, predict, measure and write one run. Every end is a record, a failure too."""
    found = _or_failure(assignment, lambda: _carry_out(assignment, say))
    return found if found.status.state == "ok" else assignment.store.write(found)


def assist(assignment: Assignment) -> Record | None:
    """Learn with the process that carries the run out. A record that says why it could not."""

    def learn() -> None:
        adapt(assignment, make_job(assignment, lambda text: None))

    make_repeatable(assignment.device)
    return _or_failure(assignment, learn)


def _or_failure(assignment: Assignment, work: Callable[[], Done]) -> Done | Record:
    """What comes of the work, or the record of its failure. Raises what is no failure of a run."""
    try:
        return work()
    except DivergedError as error:
        record = failure(assignment, "diverged", str(error))
        return record.model_copy(update={"curve": curve_records(error.training)})
    except (BrokenPipeError, CannotWriteError):
        raise
    except HarnessError as error:
        return failure(assignment, _state(error), error.found)
    except Exception as error:  # a library's refusal is a result of the study, not its end
        raise_if_full(error)
        text = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        return failure(assignment, _state(error), text)


def failure(assignment: Assignment, state: State, reason: str) -> Record:
    """The record of a run that has no result. Paths in the reason are left out."""
    return Record(identity=assignment.identity,
                  status=Status(state=state, reason=without_folders(reason)),
                  environment=environment(assignment.device))


def _state(error: Exception) -> State:
    ran_out = isinstance(error, MemoryError) or any(s in str(error).lower() for s in OUT_OF_MEMORY)
    return "out-of-memory" if ran_out else "failed"


def adapt(assignment: Assignment, job: Job) -> Chosen:
    """All trials, or the one fit where the setting is known."""
    if assignment.setting is None:
        return tune(assignment.method, job)
    return fit_once(assignment.method, job, assignment.setting)


def _adapted(assignment: Assignment, job: Job) -> tuple[Chosen, Cost, tuple[str, ...]]:
    """What `adapt` gives, what it cost, and what a reader of the cost must know."""
    with metered(find_board(assignment.device)) as meter:
        start = time.perf_counter()
        chosen = adapt(assignment, job)
        seconds = time.perf_counter() - start
    cost = adaptation_cost(chosen, seconds, assignment.device, meter.energy)
    if job.endpoint is not None:  # what computes is not ours
        cost = cost.model_copy(update={"device": job.endpoint.origin, "device_hours": 0.0})
    return chosen, cost, meter.notes


def _carry_out(assignment: Assignment, say: Callable[[str], None]) -> Record:
    job = make_job(assignment, say)
    make_repeatable(assignment.device)
    chosen, cost, measured = _adapted(assignment, job)
    fitted, splits = chosen.fit.fitted, assignment.task.splits
    say("predicting")
    on = splits.calibration or splits.validation
    temperature = (fitted_temperature(job.task.kind, fitted, on)
                   if assignment.identity.calibrate else None)
    noted = Noting(fitted)
    found = outcome(assignment.task, fitted if temperature is None else
                    tempered(noted, assignment.task.kind, temperature))
    trainable, total = fitted.parameters
    own = declared(fitted)
    usage = usage_of(own.served, splits.test, _validated(job, chosen)) if own.served else None
    record = Record(
        identity=assignment.identity, status=Status(state="ok"), setting=chosen.setting,
        budget_used=budget_used(job, splits, chosen.fit.training,
                                assignment.method.course(job.budget, len(job.train))),
        trials=trial_records(chosen),
        curve=curve_records(chosen.fit.training), ending=ending(job, chosen), cost=cost,
        size=Size(trainable_parameters=trainable, total_parameters=total, artifact_bytes=0,
                  held=held_in(own.model.model) if own.model else {}),
        retrieval=retrieved(own.finds, assignment.task) if own.finds else None,
        asked=asked_of(own.prompted, splits.test[0].id) if own.prompted else None,
        usage=usage, notes=(*notes(job.backbone or job.endpoint, chosen), *found.notes,
                            *usage_notes(usage), *measured),
        environment=environment(assignment.device),
        tempering=tempering(assignment.task, noted, temperature, len(on)),
    ).model_copy(update=dict(found.parts))
    say("saving")
    record = _with_below(record, assignment)
    if not assignment.method.merges:
        return assignment.store.write(record, found.table, fitted.save)
    with tempfile.TemporaryDirectory() as name:
        saved = Path(name)
        fitted.save(saved)
        del chosen, fitted, own, noted  # two models at once may be too many
        gc.collect()
        say("merging")
        return _write_merged(assignment, record, saved, found.table)


def _write_merged(assignment: Assignment, record: Record, saved: Path, answered: pa.Table
                  ) -> Record:
    """Write a run with what its merged model answers otherwise; `saved` is what it fitted."""
    record = record.model_copy(update={"merge": _merge(assignment, record, saved, answered)})

    def save(folder: Path) -> None:
        shutil.copytree(saved, folder, dirs_exist_ok=True)

    return assignment.store.write(record, answered, save)


def _merge(assignment: Assignment, record: Record, saved: Path, answered: pa.Table) -> Merge | None:
    """What the merged model answers otherwise."""
    decides = deciding(assignment)
    if decides is None or record.setting is None:
        return None
    try:
        merged = assignment.method.merged(make_job(assignment, lambda text: None), record.setting,
                                          saved)
        sure = record.tempering.temperature if record.tempering else None
        return merging(assignment.task, tempered(merged, assignment.task.kind, sure), answered,
                       decides)
    except CannotRunError as error:
        return unmerged(error)


def _validated(job: Job, chosen: Chosen) -> int:
    """How many items trials answered before one was chosen."""
    return len(chosen.trials) * len(job.validation) if len(chosen.trials) > 1 else 0


def _with_below(record: Record, assignment: Assignment) -> Record:
    """Add what the runs that it stands on cost and learned."""
    if assignment.inner is not None:
        record = _with_inner(record, assignment.inner)
    if assignment.retriever is None or _bears(assignment.inner, assignment.retriever):
        return record
    return _with_retriever(record, assignment.retriever)


def _with_inner(record: Record, inner: Assignment) -> Record:
    """Add what the method underneath cost and learned: alone, this method would have needed it."""
    cost, below = _spent_below(inner)
    if record.cost is None or record.size is None:
        return record
    size = record.size.model_copy(update={
        "trainable_parameters": below.trainable_parameters,
        "artifact_bytes": below.artifact_bytes})
    return record.model_copy(update={"cost": _added(record.cost, cost), "size": size})


def _bears(inner: Assignment | None, retriever: Assignment) -> bool:
    """Whether the cost of a method underneath has that of the retriever in it."""
    found = inner.retriever if inner is not None else None
    return found is not None and found.identity.run_id == retriever.identity.run_id


def _with_retriever(record: Record, retriever: Assignment) -> Record:
    """Add what tuning its embedder cost, and learned. What was learned is saved with the run."""
    cost, below = _spent_below(retriever)
    if record.cost is None or record.size is None:
        return record
    size = record.size.model_copy(update={
        "trainable_parameters":
            record.size.trainable_parameters + below.trainable_parameters})
    return record.model_copy(update={"cost": _added(record.cost, cost), "size": size})


def _spent_below(assignment: Assignment) -> tuple[Cost, Size]:
    run_id = assignment.identity.run_id
    below = assignment.store.load(run_id)
    if below is None or below.cost is None or below.size is None:
        raise HarnessError(f"run {run_id} has no cost to add")
    return below.cost, below.size


def _added(own: Cost, below: Cost) -> Cost:
    """One after the other, nothing shared."""
    return own.model_copy(update={
        "stand_alone_seconds": own.stand_alone_seconds + below.stand_alone_seconds,
        "device_hours": own.device_hours + below.device_hours,
        "trial_seconds": own.trial_seconds + below.trial_seconds,
        "training_flops": own.training_flops + below.training_flops,
        "peak_memory_bytes": max(own.peak_memory_bytes, below.peak_memory_bytes)})
