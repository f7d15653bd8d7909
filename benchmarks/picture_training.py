"""Training on pictures by the harness against scripts with transformers' Trainer and PEFT.

The same pictures of fabric, steps, batch, learning rate and seed, in turn, some rounds, each with a
seed of its own; nobody validates more than 16 training items, nobody changes pictures. The scripts
decode and resize every picture once, before they train. Writes
`benchmarks/results/picture_training.{json,md}`: `python -m benchmarks.picture_training --rounds 3`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from sklearn.metrics import f1_score
from transformers import (
    AutoImageProcessor,
    AutoModelForImageClassification,
    Trainer,
    TrainingArguments,
    set_seed,
)

from harness.common.clock import Clock
from harness.common.device import detect
from harness.common.heap import keep_freed_memory
from harness.methods.job import Job
from harness.methods.learning.trials import fit_once
from harness.methods.method import Method
from harness.study.assignment import make_job
from harness.study.planning.plan import make_plan
from harness.study.run import assign
from harness.study.store import Store
from harness.suite import load_suite
from harness.tasks.examples import Example

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "picture_training"
RATES = {"full": 3e-5, "lora": 1e-3}
HARNESS, DEFAULTS, BEST = "harness", "Trainer, defaults", "Trainer, best flags"
FLAGS: dict[str, dict[str, Any]] = {DEFAULTS: {}, BEST: {"bf16": True}}
HELD = 16


@dataclass(frozen=True)
class Timing:
    """Seconds from nothing loaded to trained, and macro F1 on the test pictures."""

    seconds: float
    macro_f1: float


def job_of(method: str, train: int, epochs: int, test: int, seed: int
           ) -> tuple[Job, Method, tuple[Example, ...]]:
    """The harness's own job, and the test pictures."""
    plan = make_plan(load_suite(ROOT / "suites" / "defects.yaml", "standard"), detect())
    run = next(r for r in plan.runs if r.identity.label == method)
    budget = run.budget.model_copy(update={"train": train, "epochs": epochs, "steps": 1,
                                           "patience": epochs, "test": test})
    with tempfile.TemporaryDirectory() as folder:
        assignment = replace(assign(plan, Store(Path(folder)), run), budget=budget)
    splits = plan.sample(budget)
    job = replace(make_job(assignment, lambda text: None), seed=seed, metric=None,
                  train=tuple(splits.train), validation=tuple(splits.train[:HELD]))
    return job, assignment.method, tuple(splits.test)


def by_harness(job: Job, method: Method, name: str, test: tuple[Example, ...]) -> Timing:
    """The harness's own fit; what answers is not timed."""
    start = time.perf_counter()
    fitted = fit_once(method, job, {"learning_rate": RATES[name]}).fit.fitted
    seconds = time.perf_counter() - start
    return Timing(seconds, scored(fitted.predict(test, Clock()).argmax(axis=1), test))


def by_script(job: Job, name: str, by: str, test: tuple[Example, ...]) -> Timing:
    """A script's fit."""
    start = time.perf_counter()
    set_seed(job.seed)
    folder = job.need_backbone().path
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    model: Any = AutoModelForImageClassification.from_pretrained(
        folder, num_labels=len(job.task.labels))
    if name == "lora":
        linear = [layer for layer, module in model.named_modules()
                  if isinstance(module, torch.nn.Linear) and layer != "classifier"]
        model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules=linear,
                                                 modules_to_save=["classifier"]))
    rows = [{"pixel_values": pixels, "labels": item.label}
            for pixels, item in zip(seen(processor, job.train), job.train, strict=True)]
    with tempfile.TemporaryDirectory() as place:
        Trainer(model=model, train_dataset=rows, args=TrainingArguments(
            output_dir=place, num_train_epochs=job.budget.epochs, learning_rate=RATES[name],
            per_device_train_batch_size=job.budget.batch, seed=job.seed, save_strategy="no",
            report_to=[], disable_tqdm=True, use_cpu=job.device.type == "cpu",
            label_names=["labels"], **FLAGS[by])).train()
    seconds = time.perf_counter() - start
    with torch.inference_mode():
        said = [model.eval()(pixel_values=part).logits.argmax(dim=1)
                for part in seen(processor, test).split(16)]
    return Timing(seconds, scored(torch.cat(said).numpy(), test))


def seen(processor: Any, items: tuple[Example, ...]) -> torch.Tensor:
    """What a model sees, [pictures, 3, height, width]."""
    pixels = [item.picture.pixels() for item in items if item.picture is not None]
    found: torch.Tensor = processor(pixels, return_tensors="pt")["pixel_values"]
    return found


def scored(answers: np.ndarray, test: tuple[Example, ...]) -> float:
    """Macro F1."""
    return float(f1_score([item.label for item in test], answers, average="macro"))


def trained(said: argparse.Namespace, name: str, by: str, seed: int) -> Timing:
    """One training in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.picture_training", "--by", by, "--seed", str(seed),
               "--method", name, "--train", str(said.train), "--epochs", str(said.epochs),
               "--test", str(said.test)]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
    timing = Timing(**json.loads(out.splitlines()[-1]))
    print(name, by, seed, timing, flush=True)
    return timing


def table(found: dict[str, dict[str, list[Timing]]]) -> list[str]:
    """Markdown rows: medians over rounds, ratios within a round."""
    lines = ["| method | by | seconds | times the harness's | macro F1 |", "|---|---|---|---|---|"]
    for name, by in found.items():
        for who, timings in by.items():
            times = [t.seconds / o.seconds for t, o in zip(timings, by[HARNESS], strict=True)]
            lines.append(
                f"| {name} | {who} | {statistics.median(t.seconds for t in timings):.1f} | "
                f"{statistics.median(times):.2f} ({min(times):.2f} to {max(times):.2f}) | "
                f"{', '.join(f'{t.macro_f1:.3f}' for t in timings)} |")
    return lines


def main() -> None:
    """Every method by every contender, a round after another; or one training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--train", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--test", type=int, default=100)
    parser.add_argument("--by", choices=[HARNESS, *FLAGS])
    parser.add_argument("--method", choices=[*RATES])
    parser.add_argument("--seed", type=int, default=0)
    said = parser.parse_args()
    if said.by:
        job, method, test = job_of(said.method, said.train, said.epochs, said.test, said.seed)
        if said.by == HARNESS:
            keep_freed_memory()
            timing = by_harness(job, method, said.method, test)
        else:
            timing = by_script(job, said.method, said.by, test)
        print(json.dumps(asdict(timing)))
        return
    found: dict[str, dict[str, list[Timing]]] = {
        name: {who: [] for who in (HARNESS, *FLAGS)} for name in RATES}
    for seed in range(said.rounds):
        for name, by in found.items():
            for who, timings in by.items():
                timings.append(trained(said, name, who, seed))
    device = detect()
    lines = [f"# Training on pictures, {device.name}, {device.autocast or 'fp32'}", "",
             f"{said.train} pictures of fabric × {said.epochs} passes, DINOv2 ViT-S/14 at 224, "
             f"batch 16, {said.rounds} rounds. Seconds from nothing loaded to trained; decoding "
             "and resizing are among them.", "", *table(found)]
    RESULTS.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    RESULTS.with_suffix(".json").write_text(json.dumps(
        {name: {who: [asdict(t) for t in timings] for who, timings in by.items()}
         for name, by in found.items()}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
