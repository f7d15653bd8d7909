"""Answering with frozen weights: the harness against sentence-transformers with scikit-learn, and
against lm-eval's HFLM.

The same items, seeds and prompts, in turn, some rounds in one process, each from nothing loaded;
the quality of both stands beside the time. The scripts run as a user would run them: with defaults
(fp32), HFLM also in the hardware's own dtype. Writes `benchmarks/results/answering.json` and `.md`.
`python -m benchmarks.answering`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch

from benchmarks.kept import keep
from benchmarks.peers.answered import Answered
from benchmarks.peers.frozen import fit_head
from benchmarks.peers.prompting import ask, language_model
from benchmarks.study import job_of
from benchmarks.training import HARNESS, SUITE, figures, middle, over_seeds, ratio
from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.common.device import detect
from harness.common.heap import keep_freed_memory
from harness.methods.job import Job
from harness.methods.learning.trials import tune
from harness.methods.method import Method
from harness.study.planning.plan import make_plan
from harness.suite import load_suite
from harness.tasks.examples import Example

TRAIN, HELD = 600, 100


@dataclass(frozen=True)
class Case:
    """A method that leaves the backbone as it is, and how many items are answered."""

    method: str
    backbone: str
    test: int

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.method} {self.backbone}, {self.test} items"


CASES = (Case("features", "minilm", 1000), Case("zero-shot", "smollm2", 24))


@dataclass(frozen=True)
class Timing:
    """Seconds from nothing loaded to the last answer, and quality."""

    seconds: float
    accuracy: float
    macro_f1: float


Contender = Callable[[], Answered]


def contenders(case: Case, job: Job, method: Method, test: tuple[Example, ...]
               ) -> dict[str, Contender]:
    """By name, the harness first."""
    found: dict[str, Contender] = {HARNESS: lambda: by_harness(job, method, test)}
    if case.method == "features":
        return {**found, "sentence-transformers + scikit-learn": lambda: fit_head(job, test)}
    for name, dtype in (("HFLM, defaults", None), ("HFLM, bf16", torch.bfloat16)):
        if dtype is None or job.device.autocast == "bf16":
            found[name] = lambda dtype=dtype: by_hflm(job, test, dtype)  # type: ignore[misc]
    return found


def by_harness(job: Job, method: Method, test: tuple[Example, ...]) -> Answered:
    """The harness's own trials, fit and answers, nothing shared with another run."""
    alone = replace(job, store=FeatureStore(None), clock=Clock())
    start = time.perf_counter()
    fitted = tune(method, alone).fit.fitted
    answers = fitted.predict(test, Clock())
    return Answered(time.perf_counter() - start, answers.argmax(axis=1))


def by_hflm(job: Job, test: tuple[Example, ...], dtype: torch.dtype | None) -> Answered:
    """A script's, from nothing loaded."""
    start = time.perf_counter()
    predicted = ask(language_model(job, dtype), job, test, ()).predicted
    return Answered(time.perf_counter() - start, predicted)


def timed(contender: Contender, test: tuple[Example, ...], job: Job) -> Timing:
    """One round of one."""
    answered = contender()
    return Timing(answered.seconds, *figures(np.eye(job.classes)[answered.predicted], test, job))


def compare(case: Case, rounds: int) -> dict[str, list[Timing]]:
    """Every contender's timings, a round after another, each round with a seed of its own."""
    plan = make_plan(load_suite(SUITE, "standard"), detect())
    run = next(r for r in plan.runs if r.identity.label == case.method
               and r.identity.backbone == case.backbone)
    found: dict[str, list[Timing]] = {}
    for seed in range(rounds):
        # A prompt has nothing to try; a head tries both regularisations, as its script does.
        trials = 2 if case.method == "features" else 1
        budget = run.budget.model_copy(update={"train": TRAIN, "validation": HELD,
                                               "test": case.test, "trials": trials})
        splits = plan.sample(budget)
        job, test = replace(job_of(plan, run), seed=seed, budget=budget, train=splits.train,
                            validation=splits.validation), splits.test
        for name, contender in contenders(case, job, run.entry.method, test).items():
            found.setdefault(name, []).append(timed(contender, test, job))
            print(case.title, name, seed, found[name][-1], flush=True)
    return found


def table(found: dict[str, dict[str, list[Timing]]]) -> list[str]:
    """Markdown rows: medians over rounds."""
    lines = ["| answered | by | seconds | x harness | accuracy | macro F1 |",
             "|---|---|---|---|---|---|"]
    for title, by in found.items():
        for name, timings in by.items():
            lines.append(f"| {title} | {name} | {middle(timings, 'seconds'):.1f} | "
                         f"{ratio(timings, by[HARNESS])} | {over_seeds(timings, 'accuracy')} | "
                         f"{over_seeds(timings, 'macro_f1')} |")
    return lines


def main() -> None:
    """Answer with all, print and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    keep_freed_memory()
    device, rounds = detect(), options.rounds
    found = {case.title: compare(case, rounds) for case in CASES}
    text = "\n".join([
        "# Answering with frozen weights: the harness against scripts", "",
        f"{device.name}, autocast {device.autocast}; {rounds} rounds in turn in one process, each "
        "with a seed of its own and from nothing loaded; times are medians, qualities means over "
        f"seeds with their range. Legal data, {TRAIN} training items.", "", *table(found), ""])
    keep("answering", device, {
        "autocast": device.autocast, "rounds": rounds,
        "cases": {title: {name: [asdict(t) for t in timings] for name, timings in by.items()}
                  for title, by in found.items()}}, text)


if __name__ == "__main__":
    main()
