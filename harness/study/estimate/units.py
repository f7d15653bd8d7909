"""What the parts of a run cost on this machine: each is timed once, by the code that runs use.

A method is fitted to a few of a plan's own items for a few steps and answers a few, in a process
of its own; frozen weights read a few texts. What is so measured is of a method on a backbone at a
plan's lengths, whatever the budget.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from torch.utils._python_dispatch import TorchDispatchMode

from harness.backbones.encoding.features import FeatureStore
from harness.backbones.flops import FlopCounter
from harness.backbones.frozen import frozen
from harness.backbones.load import load_with_head
from harness.common.cache import cache_folder
from harness.common.clock import Clock
from harness.common.device import Device, make_repeatable
from harness.common.errors import HarnessError
from harness.common.files import sha256_tree
from harness.forgetting.base_model import HEAD, examiner
from harness.measure.cost import peak_memory
from harness.methods.asking.asked import AskedDecoder
from harness.methods.fitted import declared
from harness.methods.learning.offers import grid
from harness.methods.learning.training import Training
from harness.methods.learning.trials import fit_once
from harness.processes.own import Say, in_own_process
from harness.processes.server import start_server
from harness.study.assignment import Assignment, make_job
from harness.study.estimate.room import FP32
from harness.study.estimate.stopwatch import Others, seconds_of
from harness.study.work import carry_out
from harness.suite import ForgettingItems
from harness.tasks.examples import Item, asked


@dataclass(frozen=True)
class SecondsBySize:
    """Seconds by size: so many to begin with, and so many for each."""

    start: float = 0.0
    each: float = 0.0

    def at(self, size: float) -> float:
        """Seconds of a piece of this size."""
        return self.start + self.each * size


@dataclass(frozen=True)
class UnitCosts:
    """Seconds of the parts of a run, and what else they take. What there is none of is 0."""

    load: float = 0.0
    """To have a model ready."""
    step: SecondsBySize = SecondsBySize()
    """Of a training step, by its tokens."""
    again: SecondsBySize = SecondsBySize()
    """Of one in a later pass over the items."""
    tokens: float = 0.0
    """Of a training item, as a step counts them."""
    fit: float = 0.0
    """Of a training item that is fitted without steps."""
    answer: SecondsBySize = SecondsBySize()
    """Of a batch, by the items that are answered."""
    longer: float = 0.0
    """Of one more token in a prompt."""
    known: int = 1
    """Training items that were known while it answered."""
    save: float = 0.0
    """To write what was learned, and hash it."""
    step_flops: float = 0.0
    """FLOPs of a training token."""
    answer_flops: float = 0.0
    """FLOPs of an item answered."""
    longer_flops: float = 0.0
    kernels: float = 0.0
    """Started to answer a batch."""
    memory: float = 0.0
    """Peak bytes, without what a process has before it does anything."""
    second: float = 0.0
    """Bytes of a fitted model that is kept while another setting is tried."""
    resident: float = 0.0
    """Bytes that a process has before it does anything; none of them on a GPU."""
    others: float = 0.0
    """Share of the processor that other programs used meanwhile, 0 to 1."""


def line_through(points: Sequence[tuple[float, float]]) -> SecondsBySize:
    """Through the quickest of the smaller and of the larger pieces, (size, seconds); through the
    origin where they are of one size, or the smaller ones took as long."""
    order = sorted(points)
    half = len(order) // 2
    (a, at_a), (b, at_b) = (min(part, key=lambda point: point[1] / point[0])
                            for part in (order[:half] or order, order[half:]))
    each = (at_b - at_a) / (b - a) if b > a else -1.0
    start = at_a - each * a
    return SecondsBySize(start, each) if each > 0 and start >= 0 else SecondsBySize(0.0, at_b / b)


def time_method(assignment: Assignment, say: Say) -> UnitCosts:
    """A method, fitted for a few steps to the training items of its task, answering its test
    items. Raises what the method raises."""
    watch, began = Others(), _resident(assignment.device)
    make_repeatable(assignment.device)
    method = assignment.method.shortened()
    job = make_job(assignment, say)
    chosen = fit_once(method, job, grid(method, job)[0])
    fitted, spent = chosen.fit.fitted, chosen.clock.spent
    items = asked(assignment.task.splits.test)
    fitted.predict(items[:1], Clock())  # what is read once for all prompts is read
    answer, flops, kernels = _answering(lambda some: fitted.predict(some, Clock()), items)
    reads = declared(fitted).asked
    longer = _longer(reads, items, answer) if reads else 0.0
    trainable, total = fitted.parameters
    return UnitCosts(
        load=spent["load"], fit=_beside(spent) / len(job.train), answer=answer, longer=longer,
        known=len(job.train), save=_saving(fitted.save), answer_flops=flops,
        longer_flops=flops * longer / answer.each, kernels=kernels,
        memory=peak_memory(job.device)[0] - began,
        second=FP32 * (total + trainable) * method.changes_weights, resident=began,
        others=watch.share(), **_stepping(chosen.fit.training, method.keeps_states))


def time_reading(assignment: Assignment, say: Say) -> UnitCosts:
    """Frozen weights of the assignment's backbone, reading test items as features."""
    watch, began, clock = Others(), _resident(assignment.device), Clock()
    job = make_job(assignment, say)
    featurizer = frozen(job.need_backbone(), job.budget.max_length, job.device)
    store, items = FeatureStore(None), asked(assignment.task.splits.test)
    store.features(featurizer, items[:1], clock, "load")
    answer, flops, kernels = _answering(
        lambda some: store.features(featurizer, some, Clock(), "encode"), items)
    return UnitCosts(load=max(0.0, clock.spent["load"] - answer.at(1)), answer=answer,
                     answer_flops=flops, kernels=kernels,
                     memory=peak_memory(job.device)[0] - began, resident=began,
                     others=watch.share())


@dataclass(frozen=True)
class Questions:
    """General items to time with, how many they are, and for how many they stand."""

    few: ForgettingItems
    count: int
    of: int


def time_questions(parts: Sequence[Questions], assignment: Assignment, say: Say) -> UnitCosts:
    """General items put to the untouched backbone: what one costs on the mean over all that the
    parts stand for."""
    watch, backbone, device = Others(), assignment.backbone, assignment.device
    if backbone is None:
        raise HarnessError("general items are put to a backbone")
    start = time.perf_counter()
    examiners = [examiner(backbone, part.few) for part in parts]
    load = time.perf_counter() - start
    loaded = load_with_head(backbone, HEAD, device.type, products=device.products)
    seconds = operations = started = 0.0
    for part, examined_by in zip(parts, examiners, strict=True):
        weight = part.of / part.count / sum(each.of for each in parts)
        with FlopCounter() as flops, Kernels() as kernels:
            start = time.perf_counter()
            examined_by.put_to(loaded, device)
            seconds += weight * (time.perf_counter() - start)
        operations += weight * flops.total
        started += weight * kernels.count
    return UnitCosts(load=load, answer=SecondsBySize(0.0, seconds), others=watch.share(),
                     answer_flops=operations, kernels=started)


def time_start(assignment: Assignment, say: Say) -> UnitCosts:
    """The smallest run there is, from process to record: the floor that reads nothing."""
    watch = Others()
    with TemporaryDirectory(dir=cache_folder()) as folder:
        smallest = replace(assignment, runs=Path(folder))
        # Whoever is first waits for the server.
        resident = elsewhere(_resident, assignment.device, say)
        seconds = seconds_of(partial(elsewhere, carry_out, smallest, say))
    return UnitCosts(load=seconds, resident=resident, others=watch.share())


class NotMeasuredError(HarnessError):
    """A measurement that failed: not kept, and tried again by the next plan."""


def elsewhere(work: Callable[..., Any], argument: Any, say: Say) -> Any:
    """What `work(argument, say)` gives in a process of its own. Raises NotMeasuredError."""
    outcome = in_own_process(start_server(), work, argument, say)
    if outcome.failure is not None:
        raise NotMeasuredError(outcome.failure)
    return outcome.result


class Kernels(TorchDispatchMode):
    """Counts what computes something while the block runs: views do not."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += not func.is_view
        return func(*args, **(kwargs or {}))


def _resident(device: Device, say: Say | None = None) -> float:
    return float(psutil.Process().memory_info().rss) if device.type == "cpu" else 0.0


def _answering(answer: Callable[[Sequence[Item]], object], items: Sequence[Item]
               ) -> tuple[SecondsBySize, float, float]:
    """Seconds of a batch, FLOPs of an item, kernels of a batch."""
    with FlopCounter() as flops, Kernels() as kernels:
        answer(items[:1])
    line = line_through([(len(some), seconds_of(partial(answer, some)))
                         for some in (items[:1], items)])
    return line, float(flops.total), float(kernels.count)


def _longer(fitted: AskedDecoder, items: Sequence[Item], answer: SecondsBySize) -> float:
    """Seconds that a token more in a prompt takes: what one of its own does, without those of an
    answer that is written."""
    behind, prefix = fitted.behind_head(fitted.written(items, None))
    tokens = sum(len(one.prompt) + len(one.answers.tokens) for one in behind)
    brief = fitted.brief()
    if brief is fitted:
        return answer.each * len(items) / tokens
    return seconds_of(lambda: brief.answer(behind, prefix)) / tokens


def _stepping(training: Training | None, keeps: bool) -> dict[str, Any]:
    """What the steps of a training say. The first step of a pass counts its FLOPs, and is slower
    for it."""
    if training is None:
        return {}
    points = [(point.tokens, point.seconds) for point in training.curve]
    each = round(training.steps / training.epochs)
    step = line_through(points[1:each] or points[:each])
    later = points[each + 1:] or points[each:]
    return {"step": step, "again": line_through(later) if keeps and later else step,
            "tokens": training.tokens / training.examples,
            "step_flops": training.flops / training.tokens}


def _saving(save: Callable[[Path], None]) -> float:
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        save(Path(folder))
        sha256_tree(Path(folder))
        return time.perf_counter() - start


def _beside(spent: Mapping[str, float]) -> float:
    """Seconds of a fit that are neither its model's loading nor its steps."""
    return sum(seconds for phase, seconds in spent.items() if phase not in ("load", "train"))
