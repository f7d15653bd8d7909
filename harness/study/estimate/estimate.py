"""A plan's cost on this machine, run by run: what each run does, times what that was measured to
take. What runs share is with the first of them that needs it, so that runs add up to the whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.common.cache import cache_folder
from harness.common.errors import HarnessError
from harness.common.kept import kept_hash
from harness.forgetting.base_model import BASE, forgetting_key
from harness.methods.learning.offers import grid
from harness.methods.work import Reading, Work
from harness.processes.own import Say
from harness.study.assignment import make_job
from harness.study.estimate.cost import Cost, RunCost
from harness.study.estimate.measuring import (
    BATCHES,
    NOWHERE,
    Unit,
    Units,
    count_items,
    measured,
    method_unit,
    questions_unit,
    reading_unit,
    start_unit,
)
from harness.study.estimate.units import UnitCosts
from harness.study.planning.plan import Plan, PlannedRun
from harness.study.run import assign
from harness.suite import Latency
from harness.tasks.examples import Example

SEEN = "seen"
"""Training items that are answered, to see how much better they are known."""
ANSWERED = ("test", "validation", SEEN)
"""Parts that a fitted method answers for its record."""
STEP_KERNELS = 3.0
"""Of a training step, over those of a pass that answers: backward starts about twice as many."""


@dataclass(frozen=True)
class RunWork:
    """All that a run does, in counts, and the names of the units that it is made of."""

    fits: tuple[Work, ...]
    """One a setting that is tried, in this run or in that of the first seed."""
    parts: Mapping[str, tuple[str, int]]
    """Items by part: a name of the very set, and how many they are."""
    batch: int
    """Training items of a step."""
    at_once: int
    """Items that are answered in a batch."""
    start: str
    own: str | None
    """The unit of its steps and answers; None where kept vectors say all of it."""
    readings: tuple[tuple[Reading, str], ...] = ()
    questions: str | None = None
    """The unit of general items; None where it is asked none."""
    examined: int = 0
    """General items, its backbone's own answers among them where this run is the first to need
    them."""
    timed: Latency | None = None
    """Requests in the latency round; None where it takes no part."""
    told: bool = False
    """Whether its setting is the one that another run chose."""

    def asked(self, test: int) -> RunWork:
        """The same with so many test items."""
        return replace(self, parts={**self.parts, "test": (self.parts["test"][0], test)})

    @property
    def needs(self) -> list[str]:
        """All units."""
        named = [self.start, self.own, self.questions, *(name for _, name in self.readings)]
        return [name for name in named if name is not None]


@dataclass(frozen=True)
class Estimate:
    """What a plan's runs cost, at the most: a run that stops early takes less."""

    runs: Mapping[str, RunCost]
    """By run id, without those in `unknown`."""
    works: Mapping[str, RunWork]
    """What each of them does."""
    unknown: Mapping[str, str]
    """Why a run has no estimate, by run id."""
    units: Units
    folders: tuple[str, ...]
    """Of the cache, that it hangs on: those that are not there included."""

    @property
    def total(self) -> Cost:
        """All that is left to do: the sum of the runs."""
        return sum((cost.whole for cost in self.runs.values()), Cost())

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why something is in no total, each once."""
        return tuple(dict.fromkeys(self.unknown.values()))

    @property
    def resident(self) -> float:
        """Bytes that a run's process has before it does anything; none of them on a GPU."""
        return max((cost.resident for cost in self.units.costs.values()), default=0.0)

    @property
    def tensors(self) -> float:
        """Peak bytes of the tensors of the run that takes most, whatever holds them."""
        return max((cost.memory for cost in self.runs.values()), default=0.0)

    @property
    def memory(self) -> float:
        """Peak bytes of the run that takes most."""
        return max(map(self.memory_of, self.runs.values()), default=0.0)

    def memory_of(self, cost: RunCost) -> float:
        """Peak bytes of a run on this machine: of its process, libraries included, or on the GPU.
        """
        return cost.memory + self.resident


def estimate(plan: Plan, left: Sequence[PlannedRun], say: Say) -> Estimate:
    """The cost of the runs that are left, at least one. Measures what the cache does not have.

    Raises as `measured`.
    """
    works: dict[str, RunWork] = {}
    unknown: dict[str, str] = {}
    units: list[Unit] = []
    folders: set[str] = set()
    for run in left:
        try:
            works[run.run_id], needed = _work_of(plan, run, folders)
            units += needed
        except HarnessError as error:
            unknown[run.run_id] = f"{run.title}: {error.found}"
    measurements = measured(units, plan.device, say)
    for run_id, work in list(works.items()):
        lacking = [name for name in work.needs if name not in measurements.costs]
        if lacking:
            unknown[run_id] = measurements.reasons[lacking[0]]
            del works[run_id]
    return Estimate(costs_of(works, measurements.costs), works, unknown, measurements,
                    (*measurements.kept, *sorted(folders)))


def costs_of(works: Mapping[str, RunWork], units: Mapping[str, UnitCosts]) -> dict[str, RunCost]:
    """What runs cost by their ids, from what they do and what their units cost; nothing else is
    looked at. Texts that several runs read are with the first of them."""
    read: set[tuple[str, str]] = set()
    return {name: _run_cost(work, units, read) for name, work in works.items()}


def _run_cost(work: RunWork, units: Mapping[str, UnitCosts], read: set[tuple[str, str]]
              ) -> RunCost:
    own = units[work.own] if work.own else UnitCosts()
    dearest, fits = _dearest(work, own), work.fits
    if work.told:
        fits = (max(fits, key=lambda fit: _fit_cost(work, fit, own).seconds),)
    adapt = sum((_fit_cost(work, setting, own) for setting in fits), Cost())
    adapt += _readings(work, units, read)
    # Where nothing was chosen on validation, it is answered for the record.
    answers = [*ANSWERED, *(["validation"] if not _chooses(work) and not dearest.steps else [])]
    results = sum((answered(own, dearest, work.parts[part][1], work.at_once) for part in answers),
                  Cost(units[work.start].load + own.save))
    reading = max((units[name].memory for _, name in work.readings), default=0.0)
    return RunCost(adapt, results, _general(work, units, own), _latency(work, units, own),
                   sum(_steps(setting, own, work).flops for setting in fits),
                   max(reading, own.memory + own.second * _chooses(work)))


def _dearest(work: RunWork, own: UnitCosts) -> Work:
    """Whichever setting is chosen: the one whose answers cost most."""
    return max(work.fits, key=lambda fit: answered(own, fit, 1, work.at_once).seconds)


def _fit_cost(work: RunWork, setting: Work, own: UnitCosts) -> Cost:
    """A setting that is tried: loaded, learned, and held against the validation items."""
    chosen_by = work.parts["validation"][1] if _chooses(work) else 0
    looked = setting.looked if setting.steps else chosen_by
    begun = Cost(setting.loads * own.load + own.fit * setting.fitted, own.longer * setting.head)
    return begun + _steps(setting, own, work) + answered(own, setting, looked, work.at_once)


def _chooses(work: RunWork) -> bool:
    return len(work.fits) > 1 and not work.told


def _steps(setting: Work, own: UnitCosts, work: RunWork) -> Cost:
    """The steps of a fit."""
    tokens = own.tokens * min(work.batch, work.parts["train"][1])
    flops = own.step_flops * tokens * (setting.steps + setting.later)
    seconds = setting.steps * own.step.at(tokens) + setting.later * own.again.at(tokens)
    kernels = STEP_KERNELS * own.kernels * (setting.steps + setting.later)
    return Cost(0.0, seconds, flops, kernels)


def answered(own: UnitCosts, work: Work, items: int, at_once: int) -> Cost:
    """So many items answered, in batches of at most `at_once`."""
    batches, passes = math.ceil(items / at_once), work.prompts
    against = work.compared / own.known if work.compared else 1.0
    seconds = own.answer.start * batches + own.answer.each * items * against
    flops = passes * own.answer_flops + work.before * own.longer_flops
    return Cost(0.0, passes * seconds + own.longer * work.before * items, flops * items,
                passes * own.kernels * batches)


def _readings(work: RunWork, units: Mapping[str, UnitCosts], read: set[tuple[str, str]]) -> Cost:
    """Texts turned into vectors that no run before has read; `read` is added to."""
    total = Cost()
    for reading, name in work.readings:
        parts = dict(work.parts) if reading.answering else {
            part: work.parts[part] for part in ("train", "validation")}
        new = {(reading.key, of): count for of, count in parts.values()}
        new[reading.key, "passages"] = reading.passages
        count = sum(number for place, number in new.items() if place not in read)
        read.update(new)
        if count:
            total += Cost(units[name].load) + answered(units[name], Work(), count,
                                                            BATCHES["encoder"])
    return total


def _general(work: RunWork, units: Mapping[str, UnitCosts], own: UnitCosts) -> Cost:
    """General items put to the tuned model: loaded, checked, asked."""
    if work.questions is None:
        return Cost()
    asked = answered(units[work.questions], Work(), work.examined, 1)
    return asked + Cost(own.load + units[work.questions].load)


def _latency(work: RunWork, units: Mapping[str, UnitCosts], own: UnitCosts) -> Cost:
    """Its part in the round in which all methods are timed."""
    if work.timed is None:
        return Cost()
    count, size = work.timed.warmup + work.timed.requests, work.timed.batch
    asked = [(units[name], Work()) for reading, name in work.readings if reading.answering]
    if work.own:
        asked.append((own, _dearest(work, own)))
    return sum((Cost(unit.load) + answered(unit, each, 1, 1).times(count)
                + answered(unit, each, size, size).times(work.timed.batches)
                for unit, each in asked), Cost())


def _work_of(plan: Plan, run: PlannedRun, folders: set[str]) -> tuple[RunWork, list[Unit]]:
    """What a run does, and the units that it needs. Folders of untouched backbones' answers are
    added to `folders`, once a backbone. Raises HarnessError where its method does not say."""
    method, job = run.entry.method, make_job(assign(plan, NOWHERE, run), lambda text: None)
    settings = grid(method, job)[:None if method.swept else run.budget.trials]
    fits = [method.work(job, setting) for setting in settings]
    said = tuple(fit for fit in fits if fit is not None)
    if len(said) < len(fits):
        raise HarnessError("the method does not say how much work it does (`Method.work`)")
    start = start_unit(plan, run)
    own = method_unit(plan, _timed(plan, run)) if said[0].prompts else None
    readings = [(reading, reading_unit(plan, run, reading.backbone))
                for reading in said[0].readings]
    questions, examined = _questions(plan, run, folders)
    work = RunWork(
        said, _parts(plan, run), run.budget.batch,
        BATCHES[run.identity.kind], start.name, own.name if own else None,
        tuple((reading, unit.name) for reading, unit in readings),
        questions.name if questions else None, examined,
        plan.loaded.suite.measure.latency if run.tuned_by is None and run.size is None else None,
        run.tuned_by is not None)
    units = [start, own, questions, *(unit for _, unit in readings)]
    return work, [unit for unit in units if unit is not None]


def _timed(plan: Plan, run: PlannedRun) -> PlannedRun:
    """The run whose passes a run's are: its own, or that of the method underneath."""
    if not run.entry.method.as_below:
        return run
    return next(other for other in plan.runs if other.run_id == run.identity.inner)


def _parts(plan: Plan, run: PlannedRun) -> dict[str, tuple[str, int]]:
    splits = plan.sample(run.budget, run.identity.draw)
    parts: dict[str, Sequence[Example]] = {
        "train": splits.train, "validation": splits.validation, "test": splits.test,
        SEEN: splits.train[:len(splits.validation)]}
    words = run.budget.words
    return {name: (f"{words} {hash(tuple(item.id for item in items))}", len(items))
            for name, items in parts.items()}


def _questions(plan: Plan, run: PlannedRun, folders: set[str]) -> tuple[Unit | None, int]:
    """General items for a run whose weights change; twice as many for the first of a backbone whose
    own answers are not kept."""
    asks = plan.loaded.suite.measure.forgetting
    if (asks is None or run.entry.backbone is None or run.size is not None
            or not run.entry.method.changes_weights):
        return None, 0
    backbone = plan.backbones[run.entry.backbone]  # what changes weights has them here
    folder = f"{BASE}/{forgetting_key(backbone, asks, plan.device)}"
    first = folder not in folders and kept_hash(cache_folder() / folder) is None
    folders.add(folder)
    return questions_unit(plan, run, asks), count_items(asks, backbone.kind) * (1 + first)

