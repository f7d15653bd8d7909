"""The harness's MiniLM `full` run against a plain script with transformers' Trainer.

Same data, examples, epochs, length, learning rate and seed, one after the other in one process.
Writes `benchmarks/results/training.json` and `.md`. `make bench`, or
`python -m benchmarks.training --train 600`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

from harness.common.clock import Clock
from harness.common.device import detect
from harness.measure.quality import quality
from harness.methods.method import Job
from harness.methods.trials import fit_once
from harness.study.estimate.speed import matrix_speed
from harness.study.plan import make_plan
from harness.study.run import assign
from harness.study.store import Store
from harness.study.work import make_job
from harness.suite import load_suite

RESULTS = Path(__file__).parent / "results"
LEARNING_RATE = 1e-4


def with_harness(job: Job, method, test) -> dict[str, float]:
    """Seconds to train and quality on the test items, by the harness."""
    start = time.perf_counter()
    chosen = fit_once(method, job, {"learning_rate": LEARNING_RATE})
    seconds = time.perf_counter() - start
    probabilities = chosen.fit.fitted.predict(test, Clock())
    return {"seconds": seconds, **figures(probabilities, test, job),
            "training_flops": chosen.fit.training.flops}


def with_trainer(job: Job, test) -> dict[str, float]:
    """The same by a plain script: Trainer with its defaults, dynamic padding."""
    path, budget = job.backbone.path, job.budget
    start = time.perf_counter()
    tokenizer = AutoTokenizer.from_pretrained(path)

    def dataset(examples) -> list[dict]:
        return [{**tokenizer(e.text, truncation=True, max_length=budget.max_length),
                 "labels": e.label} for e in examples]

    model = AutoModelForSequenceClassification.from_pretrained(
        path, num_labels=len(job.task.labels))
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model, train_dataset=dataset(job.train),
            data_collator=DataCollatorWithPadding(tokenizer),
            args=TrainingArguments(
                output_dir=folder, num_train_epochs=budget.epochs, learning_rate=LEARNING_RATE,
                per_device_train_batch_size=budget.batch, seed=job.seed, save_strategy="no",
                report_to=[], disable_tqdm=True, use_cpu=job.device.type == "cpu"))
        trainer.train()
        seconds = time.perf_counter() - start
        logits = trainer.predict(dataset(test)).predictions
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    return {"seconds": seconds, **figures(probabilities, test, job)}


def figures(probabilities: np.ndarray, test, job: Job) -> dict[str, float]:
    """Accuracy and macro F1."""
    measured = quality(probabilities, np.array([e.label for e in test]), job.task.labels)
    return {"accuracy": measured.accuracy, "macro_f1": measured.macro_f1}


def main() -> None:
    """Run both, print and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, default=600)
    options = parser.parse_args()
    suite = Path(__file__).parents[1] / "suites" / "legal.yaml"
    plan = make_plan(load_suite(suite, "standard"), detect())
    run = next(r for r in plan.runs
               if r.identity.label == "full" and r.identity.backbone == "minilm")
    budget = run.budget.model_copy(update={"train": options.train})
    with tempfile.TemporaryDirectory() as folder:
        assignment = replace(assign(plan, Store(Path(folder)), run), budget=budget)
    splits = plan.sample(budget)
    job = replace(make_job(assignment, lambda text: None), train=splits.train)
    speed = matrix_speed()
    ours = with_harness(job, assignment.method, splits.test)
    theirs = with_trainer(job, splits.test)
    keep(job, len(splits.test), speed, ours, theirs)


def keep(job: Job, test_items: int, speed: float, ours: dict[str, float],
         theirs: dict[str, float]) -> None:
    """Write the figures as JSON and Markdown."""
    budget = job.budget
    title = (f"MiniLM `full`, {len(job.train)} training items x {budget.epochs} epochs, length "
             f"{budget.max_length}, batch {budget.batch}, {test_items} test items, one seed")
    share = ours["training_flops"] / ours["seconds"] / 1e9 / speed
    content = {"title": title, "device": job.device.name, "autocast": job.device.autocast,
               "matrix_product_gflops": speed, "harness": ours, "trainer": theirs,
               "seconds_ratio": theirs["seconds"] / ours["seconds"],
               "share_of_matrix_product_speed": share}
    text = "\n".join([
        f"# {title}", "",
        f"{job.device.name}, autocast {job.device.autocast}. Both in one process, one after the "
        "other; the harness validates after each epoch within its time.", "",
        "| | seconds | accuracy | macro F1 |", "|---|---|---|---|",
        *(f"| {name} | {row['seconds']:.0f} | {row['accuracy']:.3f} | {row['macro_f1']:.3f} |"
          for name, row in (("harness", ours), ("Trainer, defaults", theirs))), "",
        f"The plain script took {content['seconds_ratio']:.2f} times as long. The harness reached "
        f"{100 * share:.0f}% of the speed of a plain matrix product ({speed:.0f} GFLOP/s, NumPy, "
        "fp32, measured in the same run).", ""])
    name = f"training-{len(job.train)}"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
    (RESULTS / f"{name}.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
