"""What a run cost: time, device-hours, arithmetic, memory."""

from __future__ import annotations

import resource
import sys

from harness.common.clock import Clock
from harness.common.device import Device
from harness.measure.energy import Energy
from harness.measure.part import RecordPart
from harness.methods.learning.trials import Chosen


class Cost(RecordPart):
    """Seconds are wall-clock, from `time.perf_counter`.

    `stand_alone_seconds` is what adapting by this method would take with nothing shared: all
    trials, or the one fit where the trials belong to the first seed. `shared_seconds` is what
    this run took inside its study. Predicting and measuring are in neither.
    """

    device: str
    stand_alone_seconds: float
    shared_seconds: float
    trial_seconds: float
    """The part of the stand-alone seconds spent on settings that were not chosen."""
    device_hours: float
    """Stand-alone seconds / 3600, on the named device, times the devices that learned together."""
    phases: dict[str, float]
    """Seconds of the chosen fit by phase."""
    training_flops: float
    """Floating-point operations of all trials: torch's counter on a first step, scaled by
    tokens; 0 for methods that do not train by gradient."""
    peak_memory_bytes: int
    peak_memory_kind: str
    energy: Energy | None = None
    """Of what `shared_seconds` counts; None where it was not measured."""


def adaptation_cost(chosen: Chosen, shared_seconds: float, device: Device,
                    energy: Energy | None = None) -> Cost:
    """The cost of tuning and fitting by the device, or by as many as learn together, with the peak
    memory of this process (one device's) so far."""
    fit_seconds = chosen.clock.stand_alone()
    all_seconds = sum(t.seconds for t in chosen.trials) or fit_seconds
    training = chosen.fit.training
    flops = sum(t.flops for t in chosen.trials) or (training.flops if training else 0.0)
    memory, kind = peak_memory(device)
    return Cost(
        device=device.name, stand_alone_seconds=all_seconds, shared_seconds=shared_seconds,
        trial_seconds=max(0.0, all_seconds - fit_seconds),
        device_hours=device.together * all_seconds / 3600, phases=_phases(chosen.clock),
        training_flops=flops, peak_memory_bytes=memory, peak_memory_kind=kind,
        energy=energy,
    )


def peak_memory(device: Device) -> tuple[int, str]:
    """Bytes, and what they are: the CUDA allocator's peak, or the process's resident peak."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated()), "allocated on the device"
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return int(peak), "resident in the run's process, libraries included"


def _phases(clock: Clock) -> dict[str, float]:
    names = sorted({*clock.spent, *clock.saved})
    return {n: clock.spent.get(n, 0.0) + clock.saved.get(n, 0.0) for n in names}
