"""A plan's cost on this machine, run by run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.common.cache import cache_folder
from harness.common.kept import kept_hash
from harness.forgetting.base_model import BASE, forgetting_key
from harness.processes.own import Say
from harness.study.estimate.calibration import (
    Calibration,
    calibrate,
    embedder_of,
    floor_items,
    questions_of,
    subject_of,
)
from harness.study.estimate.cost import Cost, RunCost
from harness.study.estimate.general import count_items
from harness.study.estimate.work import Work, fit_count
from harness.study.planning.plan import Plan, PlannedRun


@dataclass(frozen=True)
class Estimate:
    """What a plan's runs cost. Runs that could not be measured are not in `runs`."""

    runs: Mapping[str, RunCost]
    shared: Cost
    """Asking the untouched backbones general questions, where their answers are not kept."""
    calibration: Calibration
    resident: float
    """Bytes that a run's process has before it does anything; none of them on a GPU."""
    untouched: tuple[str, ...]
    """Folders of the cache that hold the untouched backbones' answers, where they are kept."""

    @property
    def total(self) -> Cost:
        """All that is left to do."""
        return sum((cost.whole for cost in self.runs.values()), self.shared)

    def memory_of(self, cost: RunCost) -> float:
        """Peak bytes of a run on this machine: of its process, libraries included, or on the GPU.
        """
        return cost.memory + self.resident

    @property
    def tensors(self) -> float:
        """Peak bytes of the tensors of the run that takes most, whatever holds them."""
        return max((cost.memory for cost in self.runs.values()), default=0.0)

    @property
    def folders(self) -> tuple[str, ...]:
        """Folders of the cache that it hangs on, those that are not there included."""
        return self.calibration.kept + self.untouched

    @property
    def memory(self) -> float:
        """Peak bytes of the run that takes most."""
        return max(map(self.memory_of, self.runs.values()), default=0.0)


def estimate(plan: Plan, left: Sequence[PlannedRun], say: Say) -> Estimate:
    """The cost of the runs that are left, at least one. A run that stops early takes less.

    Raises HarnessError where the machine cannot be measured.
    """
    found = calibrate(plan, left, say)
    encoded: set[object] = set()
    costs: dict[str, RunCost] = {}
    for run in left:
        cost = (_floor_cost(plan, run, found) if run.entry.backbone is None
                else _run_cost(plan, run, found, encoded))
        if cost is not None:
            costs[run.run_id] = cost
    resident = found.machine.resident if plan.device.type == "cpu" else 0.0
    shared, untouched = _untouched(plan, left, found)
    return Estimate(costs, shared, found, resident, untouched)


def _run_cost(plan: Plan, run: PlannedRun, found: Calibration, encoded: set[object]
              ) -> RunCost | None:
    measured = found.measured.get(subject) if (subject := subject_of(plan, run)) else None
    if measured is None:
        return None
    work, start = Work(plan, run, measured, found), Cost(found.machine.start)
    retrieving = _retrieving(plan, run, found)
    if run.entry.method.changes_weights or work.prompted:
        cost = start + work.fits() + work.results()
        if retrieving is not None:
            cost += _features(retrieving, encoded)
    else:
        cost = start + _features(work, encoded)
    return RunCost(cost, _forgetting(plan, run, found, work), _latency(work, retrieving),
                   work.training_flops(), work.memory())


def _retrieving(plan: Plan, run: PlannedRun, found: Calibration) -> Work | None:
    """The embedder's work for a run that retrieves by it, as if it were an encoder of the suite."""
    subject = embedder_of(plan, run)
    measured = found.measured.get(subject) if subject else None
    if subject is None or measured is None:
        return None
    backbones = {**plan.backbones, str(run.entry.backbone): subject.backbone}
    identity = run.identity.model_copy(update={"kind": "encoder"})
    return Work(dataclasses.replace(plan, backbones=backbones),
                dataclasses.replace(run, identity=identity), measured, found)


def _features(work: Work, encoded: set[object]) -> Cost:
    """Frozen features of the parts that no run before has encoded; `encoded` is added to."""
    lengths, handle = work.lengths, work.plan.backbones[str(work.run.entry.backbone)]
    total = Cost()
    for part in (lengths.train, lengths.validation, lengths.test, lengths.seen):
        name = (handle.sha256, work.run.budget.max_length, work.run.identity.embedder_sha256,
                part.lengths, part.weight)
        if name not in encoded:
            total += work.answer(part)
            encoded.add(name)
    return total + (work.load() if total.seconds else Cost())


def _floor_cost(plan: Plan, run: PlannedRun, found: Calibration) -> RunCost | None:
    floor = found.floors.get(floor_items(plan, run))
    if floor is None:
        return None
    splits, tried = plan.sample(run.budget), fit_count(run, plan.task.kind)
    answered = len(splits.test) + (1 + tried) * len(splits.validation)
    seconds = tried * floor.fit * len(splits.train) + floor.predict * answered
    return RunCost(Cost(found.machine.start + seconds), Cost(), Cost(), 0.0, 0.0)


def _forgetting(plan: Plan, run: PlannedRun, found: Calibration, work: Work) -> Cost:
    """General items put to a model whose weights changed: loaded, checked, asked."""
    if run.size is not None or run.identity.inner is not None:
        return Cost()
    asked = _general(plan, run, found)
    return asked + work.load() + Cost(work.learned * found.machine.hash) if asked.seconds else asked


def _general(plan: Plan, run: PlannedRun, found: Calibration) -> Cost:
    """Asking one model all general items; nothing where its weights do not change."""
    questions, every = questions_of(plan, run), plan.loaded.suite.measure.forgetting
    few = found.general.get(questions) if questions else None
    if few is None or every is None:
        return Cost()
    share = count_items(every, plan.backbones[str(run.entry.backbone)].kind) / few.items
    return Cost(0.0, few.seconds, few.flops, few.operations).times(share)


def _untouched(plan: Plan, left: Sequence[PlannedRun], found: Calibration
               ) -> tuple[Cost, tuple[str, ...]]:
    """Each backbone's own answers where they are not kept, and the process that asks; and the
    folders of the cache that are for the answers."""
    every, total, folders = plan.loaded.suite.measure.forgetting, Cost(), []
    first = {run.entry.backbone: run for run in reversed(left)
             if run.entry.backbone is not None and run.entry.method.changes_weights}
    for name, run in first.items():
        questions = questions_of(plan, run)
        few = found.general.get(questions) if questions else None
        if few is None or every is None:
            continue
        key = forgetting_key(plan.backbones[str(name)], every, plan.device)
        folders.append(f"{BASE}/{key}")
        kept = kept_hash(cache_folder() / folders[-1]) is not None
        total += Cost(few.start) + _general(plan, run, found).times(0.0 if kept else 1.0)
    return total, tuple(folders)


def _latency(work: Work, retrieving: Work | None) -> Cost:
    """The part of a method in the latency round: of each method's first seed, at its whole size."""
    if work.run.tuned_by is not None or work.run.size is not None:
        return Cost()
    asked = work.plan.loaded.suite.measure.latency
    total = work.load() + Cost(work.learned * work.calibration.machine.hash)
    for part in (work, retrieving):
        if part is not None:
            total += part.requests(1, asked.warmup + asked.requests)
            total += part.requests(asked.batch, asked.batches)
    return total
