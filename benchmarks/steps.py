"""Where the time of a training step goes, and how much of the machine's peak a warm step reaches.

Three epochs of the harness's own loop on the same items, without a script beside it: the first
meets memory that the process never touched and kernels that were never made, the second is timed,
the third profiled. Writes `benchmarks/results/steps.json` and `.md`. `python -m benchmarks.steps`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import torch
from torch.autograd import DeviceType
from torch.profiler import profile

from benchmarks.kept import keep
from benchmarks.training import CASES, SUITE, Case, job_of, peak
from harness.common.device import Device, detect
from harness.common.heap import keep_freed_memory
from harness.methods.learning.trials import fit_once
from harness.study.planning.plan import make_plan
from harness.suite import load_suite

EPOCHS = 3
ITEMS = {"minilm": 320, "smollm2": 96}
SHOWN, WIDTH = 14, 80
"""Operations in the table, and characters of a kernel's name."""


@dataclass(frozen=True)
class Steps:
    """Seconds by step; arithmetic a second of the first epoch and of the second; the third's
    operations with their shares of its time."""

    items: int
    seconds: list[float]
    first_gflops: float
    warm_gflops: float
    warm_tokens: float
    """Tokens a second."""
    peak_gflops: float
    """Of a square product, just before and just after: the better."""
    busy: float
    """Share of the third epoch in which the device computed: all operations' time, summed."""
    operations: dict[str, float]


def measure(case: Case) -> Steps:
    """What the process of one case does."""
    keep_freed_memory()
    device = detect()
    dtype = torch.bfloat16 if device.autocast == "bf16" else torch.float32
    fastest = peak(dtype, device)
    case = replace(case, train=ITEMS[case.backbone], epochs=EPOCHS)
    job, method = job_of(make_plan(load_suite(SUITE, "standard"), device), case, 0)
    per_epoch = -(-len(job.train) // job.budget.batch)
    profiler, ends = profile(), [0.0]

    def say(text: str) -> None:
        if ", step " not in text:
            return
        ends.append(time.perf_counter())
        if len(ends) == 2 * per_epoch + 1:
            profiler.start()
        if len(ends) == EPOCHS * per_epoch + 1:
            profiler.stop()

    ends[0] = time.perf_counter()
    training = fit_once(method, replace(job, say=say), {"learning_rate": case.rate}).fit.training
    assert training is not None  # noqa: S101  (every case trains)
    arithmetic, tokens = training.flops / EPOCHS / 1e9, training.tokens / EPOCHS
    first, warm = ends[per_epoch] - ends[0], ends[2 * per_epoch] - ends[per_epoch]
    spent = computed(profiler, device)
    total, longest = sum(spent.values()), sorted(spent, key=spent.__getitem__, reverse=True)
    return Steps(len(job.train), [b - a for a, b in pairwise(ends)],
                 arithmetic / first, arithmetic / warm, tokens / warm,
                 max(fastest, peak(dtype, device)),
                 total / 1e6 / (ends[-1] - ends[-1 - per_epoch]),
                 {name: spent[name] / total for name in longest[:SHOWN]})


def computed(profiler: profile, device: Device) -> dict[str, float]:
    """Microseconds by operation of a CPU, by kernel of a GPU."""
    kind, field = ((DeviceType.CUDA, "self_device_time_total") if device.type == "cuda" else
                   (DeviceType.CPU, "self_cpu_time_total"))
    return {event.key: getattr(event, field) for event in profiler.key_averages()
            if event.device_type == kind and not event.is_user_annotation}


def table(found: dict[str, Steps]) -> list[str]:
    """Markdown."""
    lines = ["| trained | first step, s | second, s | second epoch, s a step | tokens/s | share of "
             "peak, first epoch | second epoch |", "|---|---|---|---|---|---|---|"]
    for title, s in found.items():
        per_epoch = len(s.seconds) // EPOCHS
        warm = s.seconds[per_epoch:2 * per_epoch]
        lines.append(f"| {title} | {s.seconds[0]:.2f} | {s.seconds[1]:.3g} | "
                     f"{sum(warm) / len(warm):.3g} | {s.warm_tokens:.0f} | "
                     f"{100 * s.first_gflops / s.peak_gflops:.2g}% | "
                     f"{100 * s.warm_gflops / s.peak_gflops:.2g}% |")
    for title, s in found.items():
        lines += ["", f"{title}, third epoch: the device was busy {s.busy:.0%} of the time, with "
                  "these operations and kernels.", "",
                  "| operation | share |", "|---|---|"]
        lines += [f"| `{name[:WIDTH]}` | {share:.1%} |" for name, share in s.operations.items()]
    return lines


def main() -> None:
    """Measure all, each in a process of its own; print and keep the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", type=int, help="measure this case alone, in this process")
    options = parser.parse_args()
    if options.case is not None:
        print(json.dumps(asdict(measure(CASES[detect().type][options.case]))))
        return
    device = detect()
    found: dict[str, Steps] = {}
    for number, case in enumerate(CASES[device.type]):
        said = subprocess.run([sys.executable, "-m", "benchmarks.steps", "--case", str(number)],
                              check=True, stdout=subprocess.PIPE, text=True,
                              cwd=Path(__file__).parents[1]).stdout
        steps = Steps(**json.loads(said.splitlines()[-1]))
        found[f"{case.backbone} {case.method}, {steps.items} items"] = steps
    text = "\n".join([
        "# Where a training step's time goes", "",
        f"{device.name}, autocast {device.autocast}. Legal data, length 128, batch 16, three "
        "epochs over the same items. *First step* begins with nothing loaded. *Second epoch* has a "
        "validation on 16 items within it. Peak: the better of two square matrix products, before "
        "and after, in the same process: "
        + ", ".join(f"{s.peak_gflops:.0f}" for s in found.values()) + " GFLOP/s.", "",
        *table(found), ""])
    keep("steps", device, {"autocast": device.autocast,
                           "cases": {title: asdict(s) for title, s in found.items()}}, text)


if __name__ == "__main__":
    main()
