"""Training by the harness against scripts with transformers' Trainer and PEFT.

Same data, examples, epochs, length, learning rate, batch and seed; in turn, some rounds, each with
a seed of its own. Nobody validates. Writes `benchmarks/results/training.json` and `.md`; cases that
are not asked for stay as they were measured. `make bench`, or `python -m benchmarks.training
--rounds 2 --only 0`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.kept import keep, kept
from benchmarks.peers.trainer import BEST, DEFAULTS, Flags, fine_tune
from harness.backbones.encoding.processor import TextProcessor
from harness.backbones.load import Loaded
from harness.common.clock import Clock
from harness.common.device import Device, detect
from harness.common.heap import keep_freed_memory
from harness.measure.quality import quality
from harness.methods.job import Job
from harness.methods.learning.decoder import plain_decoder
from harness.methods.learning.encoder import EncoderClassifier
from harness.methods.learning.trials import fit_once
from harness.methods.link import LINKS
from harness.methods.method import Method
from harness.study.assignment import make_job
from harness.study.estimate.stopwatch import seconds_of
from harness.study.planning.plan import Plan, make_plan
from harness.study.run import assign
from harness.study.store import Store
from harness.suite import load_suite
from harness.tasks.examples import Example

SUITE = Path(__file__).parents[1] / "suites" / "legal.yaml"
MATRIX = {"cpu": 2048, "cuda": 8192}
"""Rows of the square matrices that the peak is read from."""
HELD = 16
HARNESS = "harness"


@dataclass(frozen=True)
class Case:
    """What is trained, and which scripts it is held against."""

    backbone: str
    method: str
    rate: float
    train: int
    epochs: int
    test: int
    peers: tuple[Flags, ...]

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.backbone} {self.method}, {self.train} items x {self.epochs}"

    @property
    def contenders(self) -> list[str]:
        """By name, the harness first."""
        return [HARNESS, *(flags.name for flags in self.peers)]


PEERS = (DEFAULTS, BEST)
CASES = {"cpu": (Case("minilm", "full", 1e-4, 600, 3, 1000, PEERS),
                 Case("smollm2", "full", 5e-5, 64, 1, 100, PEERS),
                 Case("smollm2", "lora", 5e-4, 64, 1, 100, PEERS),
                 Case("minilm", "selective", 3e-4, 600, 3, 1000, PEERS),
                 Case("smollm2", "selective", 1e-4, 64, 3, 100, (BEST,))),
         "cuda": (Case("minilm", "full", 1e-4, 2000, 3, 1000, PEERS),
                  Case("smollm2", "full", 5e-5, 1000, 2, 300, PEERS),
                  Case("smollm2", "lora", 5e-4, 1000, 2, 300, PEERS))}
"""What a device trains in seconds to minutes."""


@dataclass(frozen=True)
class Timing:
    """One training: seconds from nothing loaded, seconds of the loop, quality, arithmetic."""

    seconds: float
    train_seconds: float
    accuracy: float
    macro_f1: float
    tokens: int = 0
    """The items' own, without padding and what prompts share; counted by the harness."""
    gflops: float = 0.0
    """Arithmetic of the loop a second; known of the harness alone."""


def job_of(plan: Plan, case: Case, seed: int) -> tuple[Job, Method]:
    """The harness's own job for the case.

    It validates on a few training items, by log loss: that costs next to nothing and picks the last
    weights, which are what the scripts keep.
    """
    run = next(r for r in plan.runs if r.identity.label == case.method
               and r.identity.backbone == case.backbone)
    budget = run.budget.model_copy(update={"train": case.train, "epochs": case.epochs,
                                           "steps": 1, "patience": case.epochs})
    with tempfile.TemporaryDirectory() as folder:
        assignment = replace(assign(plan, Store(Path(folder)), run), budget=budget)
    splits = plan.sample(budget)
    job = replace(make_job(assignment, lambda text: None), seed=seed, metric=None,
                  train=splits.train, validation=splits.train[:HELD])
    return job, assignment.method


def by_harness(job: Job, method: Method, case: Case, test: tuple[Example, ...]) -> Timing:
    """The harness's own fit."""
    chosen = fit_once(method, job, {"learning_rate": case.rate})
    training, spent = chosen.fit.training, chosen.clock.spent
    assert training is not None  # noqa: S101  (both methods train)
    right = figures(chosen.fit.fitted.predict(test, Clock()), test, job)
    return Timing(sum(spent.values()), spent["train"], *right, tokens=training.tokens,
                  gflops=training.flops / spent["train"] / 1e9)


def by_script(job: Job, case: Case, flags: Flags, test: tuple[Example, ...]) -> Timing:
    """A script's; its model answers through the harness, as the harness's own does."""
    scripted = fine_tune(job, case.method, case.rate, flags)
    loaded = Loaded(scripted.model, TextProcessor(scripted.tokenizer, "encoder"),
                    job.budget.max_length + 512)
    fitted = (plain_decoder(job, loaded=loaded) if job.need_backbone().kind == "decoder" else
              EncoderClassifier(loaded, job.budget.max_length, job.device, lambda *_: None,
                                LINKS["classification"]))
    right = figures(fitted.predict(test, Clock()), test, job)
    return Timing(scripted.seconds, scripted.train_seconds, *right)


def figures(probabilities: np.ndarray, test: tuple[Example, ...], job: Job) -> tuple[float, float]:
    """Accuracy and macro F1."""
    measured = quality(probabilities, np.array([e.label for e in test]), job.task.labels)
    return measured.accuracy, measured.macro_f1


def peak(dtype: torch.dtype, device: Device) -> float:
    """GFLOP/s of a plain square matrix product, the best of a few."""
    rows = MATRIX[device.type]
    a = torch.randn(rows, rows, device=device.type).to(dtype)
    return 2 * rows**3 / seconds_of(lambda: a @ a) / 1e9


def trained(case: Case, device: Device, by: str, seed: int) -> Timing:
    """One training in a process of its own, as the harness trains and as a script does."""
    command = [sys.executable, "-m", "benchmarks.training", "--by", by, "--seed", str(seed),
               "--case", str(CASES[device.type].index(case))]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True,
                          cwd=Path(__file__).parents[1]).stdout
    timing = Timing(**json.loads(said.splitlines()[-1]))
    print(case.title, by, seed, timing, flush=True)
    return timing


def train_once(case: Case, by: str, seed: int) -> Timing:
    """What that process does."""
    plan = make_plan(load_suite(SUITE, "standard"), detect())
    job, method = job_of(plan, case, seed)
    test = plan.sample(job.budget.model_copy(update={"test": case.test})).test
    if by == HARNESS:
        keep_freed_memory()
        return by_harness(job, method, case, test)
    flags = next(flags for flags in case.peers if flags.name == by)
    return by_script(job, case, flags, test)


def compare(case: Case, rounds: int, device: Device) -> dict[str, list[Timing]]:
    """Every contender's timings, a round after another."""
    found: dict[str, list[Timing]] = {name: [] for name in case.contenders}
    for seed in range(rounds):
        for name in found:
            found[name].append(trained(case, device, name, seed))
    return found


def ratio(theirs: list[Timing], ours: list[Timing]) -> str:
    """Median and range over rounds of how many times as long they took."""
    times = [t.seconds / o.seconds for t, o in zip(theirs, ours, strict=True)]
    return f"{statistics.median(times):.2f} ({min(times):.2f} to {max(times):.2f})"


@dataclass(frozen=True)
class Measured:
    """A case as it was measured, with the machine's peak in the same run."""

    rounds: int
    peak: dict[str, float]
    """GFLOP/s of a square matrix product by dtype, the better of before and after."""
    by: dict[str, list[Timing]]


def measure(case: Case, rounds: int, device: Device) -> Measured:
    """Train by every contender, between two readings of the peak."""
    before = peaks(device)
    by = compare(case, rounds, device)
    return Measured(rounds, {name: max(speed, before[name])
                             for name, speed in peaks(device).items()}, by)


def peaks(device: Device) -> dict[str, float]:
    """GFLOP/s by dtype."""
    return {"bf16": peak(torch.bfloat16, device), "fp32": peak(torch.float32, device)}


def read(path: Path) -> dict[str, Measured]:
    """The cases measured before, by title."""
    if not path.exists():
        return {}
    cases = json.loads(path.read_text())["cases"]
    return {title: Measured(**c | {"by": {name: [Timing(**t) for t in timings]
                                          for name, timings in c["by"].items()}})
            for title, c in cases.items()}


def table(found: dict[str, Measured], autocast: str) -> list[str]:
    """Markdown rows: medians over rounds."""
    lines = ["| trained | by | rounds | seconds | x harness | tokens/s in the loop | "
             "share of peak | accuracy | macro F1 |", "|---|---|---|---|---|---|---|---|---|"]
    for title, case in found.items():
        speed = case.peak["bf16" if autocast == "bf16" else "fp32"]
        for name, timings in case.by.items():
            share = f"{middle(timings, 'gflops') / speed:.0%}" if name == HARNESS else ""
            speeds = case.by[HARNESS][0].tokens / middle(timings, "train_seconds")
            lines.append(
                f"| {title} | {name} | {len(timings)} | {middle(timings, 'seconds'):.1f} | "
                f"{ratio(timings, case.by[HARNESS])} | {speeds:.0f} | {share} | "
                f"{over_seeds(timings, 'accuracy')} | {over_seeds(timings, 'macro_f1')} |")
    return lines


def middle(timings: list[Timing], part: str) -> float:
    """The median of a figure over rounds."""
    return statistics.median(getattr(timing, part) for timing in timings)


def over_seeds(timings: list[Timing], part: str) -> str:
    """Mean and range of a quality over rounds."""
    values = [getattr(timing, part) for timing in timings]
    return f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main() -> None:
    """Train all, print and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", type=int, nargs="+", help="numbers of the cases; all without")
    parser.add_argument("--case", type=int, help="train this case alone, in this process")
    parser.add_argument("--by", default=HARNESS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.case is not None:
        case = CASES[detect().type][options.case]
        print(json.dumps(asdict(train_once(case, options.by, options.seed))))
        return
    device = detect()
    cases, found = CASES[device.type], read(kept("training", device))
    for number in options.only or range(len(cases)):
        found[cases[number].title] = measure(cases[number], options.rounds, device)
    told(found, device)


def told(found: dict[str, Measured], device: Device) -> None:
    """Write the figures as JSON and Markdown, and print them."""
    speeds = "; ".join(f"{title}: {case.peak['bf16']:.0f} in bf16, {case.peak['fp32']:.0f} in fp32"
                       for title, case in found.items())
    text = "\n".join([
        "# Training: the harness against scripts with transformers' Trainer and PEFT", "",
        f"{device.name}, autocast {device.autocast}; some rounds "
        "in turn, each training in a process of its own, with a seed of its own; times are "
        "medians, qualities means over seeds with their range. Legal data, length 128, batch 16, "
        "without validation. *Seconds* are from nothing loaded to trained, imports not counted. "
        f"Peak: a square matrix product of {MATRIX[device.type]} in the same run as the case, "
        f"GFLOP/s: {speeds}.", "", *table(found, device.autocast), ""])
    keep("training", device, {
        "autocast": device.autocast,
        "cases": {title: asdict(case) for title, case in found.items()}}, text)


if __name__ == "__main__":
    main()
