"""Latency of all methods of a study: one process, interleaved rounds, warmed up."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from pydantic import Field

from harness.common.clock import Clock
from harness.common.device import Device, settle
from harness.inputs.picture_time import timing_pictures
from harness.measure.part import RecordPart
from harness.measure.percentiles import percentiles
from harness.methods.fitted import Answering
from harness.suite import Latency as LatencySettings
from harness.tasks.examples import Item

MODEL = "model"
"""The part of an answer that is neither decoding nor resizing: what is left of the whole."""


class PartFigures(RecordPart):
    """A part of each request, in milliseconds; p95 is None where the requests are too few. Parts of
    one percentile need not sum to that of the whole."""

    p50_ms: float
    p95_ms: float | None


class LatencyFigures(RecordPart):
    """Milliseconds a request at batch size 1, and items a second at the throughput batch.

    A percentile is None when the requests are too few to hold it (20 for p95, 100 for p99).
    """

    round: str
    """Name of the measurement; figures of one name were taken interleaved in one process."""
    device: str
    requests: int
    p50_ms: float
    p95_ms: float | None
    p99_ms: float | None
    mean_ms: float
    phases_ms: dict[str, float]
    """Mean milliseconds a request by phase: retrieval and generation apart."""
    parts_ms: dict[str, PartFigures] = Field(default_factory=dict)
    """Of pictures: `decode` (reading and decoding), `resize`, and `model`, the rest."""
    batch: int
    items_per_second: float
    network: bool = False
    """Whether another machine's answer is waited for: the network and its queue are in every
    figure."""


@dataclass
class Samples:
    """Seconds of every request and every batch of one method, and of its requests by phase."""

    requests: list[float] = field(default_factory=list)
    batches: list[float] = field(default_factory=list)
    phases: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    parts: list[Mapping[str, float]] = field(default_factory=list)
    """Of each request seconds by part; nothing of texts."""

    @property
    def parts_ms(self) -> dict[str, PartFigures]:
        """Percentiles of each part; none where a picture was never read."""
        names = sorted({name for found in self.parts for name in found})
        each = {name: np.array([found.get(name, 0.0) for found in self.parts]) for name in names}
        if each:
            each[MODEL] = np.array(self.requests) - sum(each.values())
        return {name: PartFigures(p50_ms=1000 * float(np.median(seconds)),
                                  p95_ms=percentiles(1000 * seconds)["p95"])
                for name, seconds in each.items()}


def measure_latency(methods: Mapping[str, Answering], items: Sequence[Item],
                    settings: LatencySettings, device: Device, name: str,
                    say: Callable[[str], None]) -> dict[str, LatencyFigures]:
    """The figures of every method, from one interleaved timing called `name`."""
    return {method: _figures(samples, settings, device, name)
            for method, samples in time_interleaved(methods, items, settings, device, say).items()}


def time_interleaved(methods: Mapping[str, Answering], items: Sequence[Item],
                     settings: LatencySettings, device: Device, say: Callable[[str], None]
                     ) -> dict[str, Samples]:
    """Time every method in turn, round after round, on the same items.

    A round sends one request to each method, the next round starts with another method, so that
    a slow spell of the machine falls on all of them: the i-th requests of all methods belong
    together. Texts or pictures go in, probabilities come out: tokenizing and retrieval are inside,
    decoding and resizing too.
    """
    names = list(methods)
    samples = {method: Samples() for method in names}
    for method in names:
        say(f"latency: warming up {method}")
        for i in range(settings.warmup):
            _timed(methods[method], [items[i % len(items)]], device)
    for turn in range(settings.requests):
        say(f"latency: round {turn + 1}/{settings.requests}")
        item = items[turn % len(items)]
        for method in _rotated(names, turn):
            seconds, clock, parts = _timed(methods[method], [item], device)
            samples[method].requests.append(seconds)
            samples[method].parts.append(parts)
            for phase, spent in clock.spent.items():
                samples[method].phases[phase] += spent
    batch = [items[i % len(items)] for i in range(settings.batch)]
    for turn in range(settings.batches):
        say(f"throughput: round {turn + 1}/{settings.batches}")
        for method in _rotated(names, turn):
            samples[method].batches.append(_timed(methods[method], batch, device)[0])
    return samples


def _rotated(names: list[str], turn: int) -> list[str]:
    start = turn % max(1, len(names))
    return names[start:] + names[:start]


def _timed(method: Answering, items: Sequence[Item], device: Device
           ) -> tuple[float, Clock, dict[str, float]]:
    clock = Clock()
    with timing_pictures() as parts:
        settle()
        start = time.perf_counter()
        method.predict(items, clock)
        settle()
        seconds = time.perf_counter() - start
    return seconds, clock, {str(name): spent for name, spent in parts.items()}


def _figures(samples: Samples, settings: LatencySettings, device: Device, name: str
             ) -> LatencyFigures:
    milliseconds = np.array(samples.requests) * 1000
    count, quantiles = len(milliseconds), percentiles(milliseconds)
    return LatencyFigures(
        round=name, device=device.name, requests=count,
        p50_ms=float(np.median(milliseconds)), p95_ms=quantiles["p95"], p99_ms=quantiles["p99"],
        mean_ms=float(milliseconds.mean()),
        phases_ms={p: 1000 * s / count for p, s in sorted(samples.phases.items())},
        parts_ms=samples.parts_ms,
        batch=settings.batch,
        items_per_second=settings.batch * len(samples.batches) / sum(samples.batches),
    )
