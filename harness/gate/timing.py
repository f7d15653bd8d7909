"""Latency and memory of the candidate over the baseline's, measured in turns."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import psutil

from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.gate.bounds import ONE_SIDED, Bounds, ratio_bounds, requests_needed
from harness.gate.candidate import Loadable
from harness.measure.cost import peak_memory
from harness.measure.latency import PartFigures, time_interleaved
from harness.methods.fitted import Answering
from harness.processes.own import Say, in_own_process
from harness.processes.server import start_server
from harness.suite import Latency
from harness.suite.gate import Resource
from harness.tasks.examples import Item

PERCENTILES: Mapping[Resource, int] = {"p50_ms": 50, "p95_ms": 95}
FEW = "the requests are too few for this percentile"


@dataclass(frozen=True)
class Timing:
    """Seconds of the requests to both; the i-th of each belong together."""

    candidate: tuple[float, ...]
    baseline: tuple[float, ...]
    parts: Mapping[str, Mapping[str, PartFigures]] = field(default_factory=dict)
    """Of pictures, of both: decoding, resizing and the model's own time."""


@dataclass(frozen=True)
class MemoryJob:
    """A model to load and ask in a process of its own."""

    model: Loadable
    items: tuple[Item, ...]
    device: Device


def turns_needed(level: float) -> int:
    """Processes a model, candidate and baseline in turns, whose extremes are bounds of the median
    at this level: of n, all lie on one side of it with a chance of 2^-n. Of 95%, five."""
    return math.ceil(-math.log2(1 - level))


def requests_for(asked: int, resources: Collection[Resource], level: float) -> int:
    """So many as are asked for, or as the percentiles' bounds at this level need."""
    return max([asked, *(requests_needed(percentile, level)
                         for name, percentile in PERCENTILES.items() if name in resources)]
               if level > ONE_SIDED else [asked])


def time_models(models: Mapping[str, Answering], items: Sequence[Item], requests: int,
                batch: int, device: Device, say: Say) -> Timing:
    """Ask `candidate` and `baseline`, both loaded in this process, in turns."""
    samples = time_interleaved(models, items, Latency(requests=requests, batch=batch, batches=1),
                               device, say)
    parts = {name: own.parts_ms for name, own in samples.items() if own.parts_ms}
    return Timing(tuple(samples["candidate"].requests), tuple(samples["baseline"].requests), parts)


def latency_ratios(timing: Timing, seed: int, level: float = ONE_SIDED) -> dict[str, Bounds | str]:
    """Ratios of percentiles, candidate over baseline, with one-sided bounds at a level."""
    return {name: ratio_bounds(timing.candidate, timing.baseline, percentile, seed, level) or FEW
            for name, percentile in PERCENTILES.items()}


def memory_ratio(candidate: Loadable, baseline: Loadable, items: Sequence[Item],
                 device: Device, level: float, say: Say) -> Bounds | str:
    """Ratio of the memory to load the model and answer a batch; bounds are the extremes of turns.

    Peak memory is a process's, so each turn is a process of its own, forked from one that has the
    libraries in memory; what counts is the growth above them.
    """
    peaks: dict[str, list[float]] = {"candidate": [], "baseline": []}
    models = {"candidate": candidate, "baseline": baseline}
    turns = turns_needed(level)
    for turn in range(turns):
        say(f"memory: turn {turn + 1}/{turns}")
        for name, model in models.items():
            outcome = in_own_process(start_server(), measure_memory,
                                     MemoryJob(model, tuple(items), device), say)
            if outcome.failure is not None:
                return f"the {name} could not be measured: {outcome.failure}"
            peaks[name].append(float(outcome.result))
    ratios = [a / b for a, b in zip(peaks["candidate"], peaks["baseline"], strict=True)]
    return Bounds(statistics.median(ratios), min(ratios), max(ratios))


def measure_memory(job: MemoryJob, say: Say) -> int:
    """Bytes that this process grows by at its peak while it loads the model and answers."""
    start = psutil.Process().memory_info().rss if job.device.type == "cpu" else 0
    try:
        job.model.load().predict(job.items, Clock())
    except HarnessError as error:
        raise RuntimeError(error.found) from error
    return max(1, peak_memory(job.device)[0] - start)
