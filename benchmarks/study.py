"""A whole quick legal study against its scripts, run one by one.

Each kind of script is timed once and counted as often as the study fits that method (trials on the
first seed, then one fit a seed). The scripts measure no latency and write no report; the study's
time holds both. Writes `benchmarks/results/study.json` and `.md`. `python -m benchmarks.study`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from benchmarks.forgetting import requests_of
from benchmarks.kept import keep
from benchmarks.peers.frozen import fit_head, probe
from benchmarks.peers.prompting import ask_some, language_model
from benchmarks.peers.trainer import BEST, DEFAULTS, Flags, fine_tune
from benchmarks.timeline import Timeline, table
from harness.common.device import Device, detect
from harness.forgetting.probes import MAX_LENGTH, Probing
from harness.methods.job import Job
from harness.study.assignment import make_job
from harness.study.planning.plan import Plan, PlannedRun, make_plan
from harness.study.run import assign
from harness.study.store import Store
from harness.suite import load_suite

ROOT = Path(__file__).parents[1]
SHOTS = {"zero-shot": 0, "few-shot": 6, "rag": 3, "rag+lora": 3}
"""Worked examples before an item: one a class, or the three nearest."""
ONCE = ("features", "knn")
"""Methods without randomness: nobody runs their script for every seed."""
RATE = 1e-4


def scripts(plan: Plan, flags: Flags) -> dict[str, tuple[int, Callable[[], float]]]:
    """By title: how often a script is run, and the script, which gives its seconds."""
    found: dict[str, tuple[int, Callable[[], float]]] = {}
    dtype = torch.bfloat16 if flags.arguments.get("bf16") else None
    for run in plan.runs:
        label, backbone = run.identity.label, run.identity.backbone
        if backbone is None:
            continue
        title = f"{label} {backbone}"
        times = 1 if run.tuned_by or label in (*ONCE, *SHOTS) else run.budget.trials
        times = 0 if run.tuned_by and label in ONCE else times
        before, script = found.get(title, (0, script_of(plan, run, flags, dtype)))
        found[title] = before + times, script
    return {**found, **general(plan, dtype)}


def script_of(plan: Plan, run: PlannedRun, flags: Flags, dtype: torch.dtype | None
              ) -> Callable[[], float]:
    """What a user would run for one fit of this method."""
    job, test, label = job_of(plan, run), plan.sample(run.budget).test, run.identity.label
    if label in ONCE:
        return lambda: fit_head(job, test).seconds
    if label in SHOTS:
        shots, tried = job.train[: SHOTS[label]], run.budget.trials if SHOTS[label] else 0
        return lambda: ask_some(job, [*job.validation * tried, *test], shots, dtype)
    return lambda: fine_tune(job, label, RATE, flags).seconds


def general(plan: Plan, dtype: torch.dtype | None) -> dict[str, tuple[int, Callable[[], float]]]:
    """The questions on general knowledge: to each tuned model, and once to the untouched one."""
    asked = plan.loaded.suite.measure.forgetting
    tuned = {name: [run for run in plan.runs if run.identity.backbone == name
                    and run.entry.method.changes_weights] for name in plan.backbones}
    requests = [r for name, items in asked.benchmarks.items() for r in requests_of(name, items)]
    probing = Probing(asked.probes, 0, asked.seed)

    def benchmarks() -> float:
        start = time.perf_counter()
        model = language_model(job_of(plan, tuned["smollm2"][0]), dtype)
        model.loglikelihood(requests, disable_tqdm=True)
        return time.perf_counter() - start

    def probes() -> float:
        path = plan.backbones["minilm"].path
        return sum(probe(path, [" ".join(item.texts) for item in items],
                         [item.label for item in items], MAX_LENGTH)
                   for items in probing.items.values())

    return {"general benchmarks smollm2": (len(tuned["smollm2"]) + 1, benchmarks),
            "probes minilm": (len(tuned["minilm"]) + 1, probes)}


def job_of(plan: Plan, run: PlannedRun) -> Job:
    """The run's own job."""
    with tempfile.TemporaryDirectory() as folder:
        assignment = assign(plan, Store(Path(folder)), run)
    splits = plan.sample(run.budget)
    return replace(make_job(assignment, lambda text: None), train=splits.train,
                   validation=splits.validation)


@dataclass(frozen=True)
class Studied:
    """`harness run legal --profile quick` in empty folders, and once more with all runs there."""

    whole: float
    """Seconds."""
    parts: Timeline
    again: float
    """Seconds of the same command when all runs are there: planning, checks, records, report."""


def studied(folder: Path) -> Studied:
    """Run the study in an empty folder, and once more."""
    whole, said = commanded(folder, "benchmarks.timeline")
    again, _ = commanded(folder, "harness", "run", "--no-wandb")
    return Studied(whole, Timeline(**json.loads(said.splitlines()[-1])), again)


def commanded(folder: Path, *command: str) -> tuple[float, str]:
    """Seconds of the module, from the start of its process to its end, and what it printed."""
    start = time.perf_counter()
    said = subprocess.run([sys.executable, "-m", *command, "legal", "--profile", "quick",
                           "--runs", folder / "runs", "--reports", folder / "reports"],
                          check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - start, said.stdout


def main() -> None:
    """Time the study and its scripts, print and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="keep the study's runs and reports there")
    options = parser.parse_args()
    os.environ["WANDB_MODE"] = "disabled"
    device = detect()
    plan = make_plan(load_suite(ROOT / "suites" / "legal.yaml", "quick"), device)
    with tempfile.TemporaryDirectory() as folder:
        study = studied((options.keep or Path(folder)).absolute())
    print(study, flush=True)
    rows, totals = [], {}
    for flags in (DEFAULTS, BEST):
        for title, (times, script) in scripts(plan, flags).items():
            seconds = script()
            print(flags.name, title, f"{times} x {seconds:.1f} s", flush=True)
            rows.append({"flags": flags.name, "script": title, "times": times, "seconds": seconds})
        totals[flags.name] = sum(r["times"] * r["seconds"] for r in rows
                                 if r["flags"] == flags.name)
    told(device, study, totals, rows)


def told(device: Device, study: Studied, totals: dict[str, float], rows: list[dict[str, object]]
         ) -> None:
    """Write the figures as JSON and Markdown."""
    text = "\n".join([
        "# The quick legal study against its scripts, one by one", "",
        f"{device.name}. `harness run legal --profile quick` in empty folders took "
        f"{study.whole:.0f} s; it measures latency and writes the report within that time, the "
        "scripts do neither. Each kind of script was timed once, after the study, and counted as "
        "often as the study fits the method; of prompts every so many items were timed for all.",
        "",
        *(f"- {name}: {total:.0f} s, {total / study.whole:.2f} times the study"
          for name, total in totals.items()), "",
        *table(study.parts), "",
        f"The same command with all runs there took {study.again:.1f} s.", "",
        "| flags | script | times | seconds each |", "|---|---|---|---|",
        *(f"| {r['flags']} | {r['script']} | {r['times']} | {r['seconds']:.1f} |" for r in rows),
        ""])
    keep("study", device, {"study_seconds": asdict(study), "scripts_seconds": totals,
                           "scripts": rows}, text)


if __name__ == "__main__":
    main()
