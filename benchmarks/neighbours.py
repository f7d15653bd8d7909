"""The harness beside programs that keep cores busy: against an earlier checkout and the Trainer.

The same work by each in a process of its own, in turn, some rounds, beside none, one and two loops
that do nothing but take a core. The harness's threads wait as `harness run` has them wait; an
earlier checkout's and a script's as their libraries do by themselves. Seconds are from nothing
loaded, imports not counted. Writes `benchmarks/results/neighbours.json` and `.md`.
`python -m benchmarks.neighbours --than FOLDER_OF_ANOTHER_CHECKOUT`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HARNESS, EARLIER, SCRIPT = "harness", "earlier checkout", "Trainer, defaults"
LOOP = (sys.executable, "-S", "-c", "while True: pass")
ROWS = {"minilm": ("full", 64, 3), "smollm2": ("lora", 16, 1)}
"""Method, training items and epochs by backbone."""
ANSWERED, ASKED = 16, 12
"""Test items of zero-shot, and questions of HellaSwag."""


@dataclass(frozen=True)
class Work:
    """What is done, and by whom it can be."""

    title: str
    do: Callable[[str], float]
    """Seconds that it took: of the harness, or of a script."""
    by: tuple[str, ...] = (HARNESS, EARLIER)


def found_in(rooms: Sequence[str], name: str) -> Any:
    """A module of the first of these packages that this build has it in: an earlier one has it
    elsewhere."""
    from importlib import import_module
    from importlib.util import find_spec

    room = next(room for room in rooms if find_spec(room) and find_spec(f"{room}.{name}"))
    return import_module(f"{room}.{name}")


def plan_of(*asked: object) -> Any:
    """A plan of a suite for a device."""
    return found_in(("harness.study.planning", "harness.study"), "plan").make_plan(*asked)


def train(backbone: str, by: str) -> float:
    """A fit on legal data, length 128, batch 16, nobody validates."""
    from benchmarks.training import SUITE, Case, by_harness, by_script, job_of
    from harness.common.device import detect
    from harness.suite import load_suite

    method, items, epochs = ROWS[backbone]
    case = Case(backbone, method, 1e-4, items, epochs, 6, ())
    plan = plan_of(load_suite(SUITE, "standard"), detect())
    job, how = job_of(plan, case, 0)
    test = plan.sample(job.budget.model_copy(update={"test": case.test})).test
    if by == SCRIPT:
        from benchmarks.peers.trainer import DEFAULTS

        return by_script(job, case, DEFAULTS, test).seconds
    return by_harness(job, how, case, test).seconds


def answer(by: str) -> float:
    """Zero-shot answers of SmolLM2."""
    from benchmarks.study import job_of
    from benchmarks.training import SUITE
    from harness.common.clock import Clock
    from harness.common.device import detect
    from harness.suite import load_suite

    tune = found_in(("harness.methods.learning", "harness.methods"), "trials").tune
    plan = plan_of(load_suite(SUITE, "standard"), detect())
    run = next(r for r in plan.runs if r.identity.label == "zero-shot")
    test = plan.sample(run.budget.model_copy(update={"test": ANSWERED})).test
    # A build that tries ways of scoring on validation items tries the first alone, as others do.
    job = job_of(plan, run)
    job = replace(job, budget=job.budget.model_copy(update={"trials": 1}))
    start = time.perf_counter()
    tune(run.entry.method, job).fit.fitted.predict(test, Clock())
    return time.perf_counter() - start


def recall(by: str) -> float:
    """Questions of HellaSwag to SmolLM2, as forgetting is measured."""
    from benchmarks.forgetting import requests_of, scorers
    from benchmarks.training import SUITE
    from harness.backbones.handle import get_backbone
    from harness.backbones.load import load_causal
    from harness.common.device import detect
    from harness.suite import load_suite

    device = detect()
    loaded = load_causal(get_backbone(load_suite(SUITE), "smollm2"), device.type)
    requests = requests_of("hellaswag", ASKED)
    start = time.perf_counter()
    scorers(loaded, device)[HARNESS](requests)
    return time.perf_counter() - start


WORKS = {
    "minilm": Work("MiniLM full, 64 texts x 3", lambda by: train("minilm", by),
                   (HARNESS, EARLIER, SCRIPT)),
    "smollm2": Work("SmolLM2 LoRA, 16 texts", lambda by: train("smollm2", by),
                    (HARNESS, EARLIER, SCRIPT)),
    "answering": Work(f"SmolLM2 zero-shot, {ANSWERED} texts", answer),
    "forgetting": Work(f"SmolLM2 on HellaSwag, {ASKED} questions", recall),
}


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """That many programs that do nothing but take a core."""
    started = [subprocess.Popen(LOOP) for _ in range(loops)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def once(work: str, by: str, earlier: Path | None) -> float:
    """Seconds of one piece of work in a process of its own."""
    checkout = earlier if by == EARLIER else ROOT
    command = [sys.executable, "-P", __file__, "--work", work, "--by", by]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=checkout,
                          env={**os.environ, "PYTHONPATH": str(checkout)}).stdout
    return float(json.loads(said.splitlines()[-1]))


def measure(works: list[str], loads: list[int], rounds: int, earlier: Path | None
            ) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Seconds by work, number of busy loops and contender, a round after another."""
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for name in works:
        by = [b for b in WORKS[name].by if earlier or b != EARLIER]
        for loops in loads:
            seconds: dict[str, list[float]] = {who: [] for who in by}
            for _ in range(rounds):
                for who in by:
                    with busy(loops):
                        seconds[who].append(once(name, who, earlier))
                    print(WORKS[name].title, f"{loops} busy", who, seconds[who][-1], flush=True)
            found.setdefault(WORKS[name].title, {})[str(loops)] = seconds
    return found


def table(found: dict[str, dict[str, dict[str, list[float]]]]) -> list[str]:
    """Markdown rows: medians over rounds, and how many times as long as the harness."""
    lines = ["| work | busy loops beside | by | rounds | seconds | x harness |",
             "|---|---|---|---|---|---|"]
    for title, loads in found.items():
        for loops, by in loads.items():
            for who, seconds in by.items():
                times = [t / o for t, o in zip(seconds, by[HARNESS], strict=True)]
                lines.append(f"| {title} | {loops} | {who} | {len(seconds)} | "
                             f"{statistics.median(seconds):.1f} | "
                             f"{statistics.median(times):.2f} ({min(times):.2f} to "
                             f"{max(times):.2f}) |")
    return lines


def main() -> None:
    """Measure all, print and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loads", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--than", type=Path, help="folder of an earlier checkout")
    parser.add_argument("--work", choices=WORKS, help="do this in this process")
    parser.add_argument("--by", default=HARNESS)
    options = parser.parse_args()
    if options.work:
        if options.by == HARNESS:
            from harness.common.waiting import settle_waiting

            settle_waiting()
        from harness.common.heap import keep_freed_memory

        if options.by != SCRIPT:
            keep_freed_memory()
        print(json.dumps(WORKS[options.work].do(options.by)))
        return
    told(measure(options.only, options.loads, options.rounds, options.than))


def told(measured: dict[str, dict[str, dict[str, list[float]]]]) -> None:
    """Write the figures as JSON and Markdown, with those of other work that this kind of machine
    did before, and print them."""
    from benchmarks.kept import keep, kept
    from harness.common.device import detect

    device = detect()
    here = {"device": device.name, "autocast": device.autocast}
    file = kept("neighbours", device)
    before = json.loads(file.read_text()) if file.exists() else {}
    same = here.items() <= before.items()
    found = (before["works"] if same else {}) | measured
    text = "\n".join([
        "# Beside busy programs", "",
        f"{device.name}, autocast {device.autocast}; in turn, each piece of work in a process of "
        "its own, from nothing loaded, imports not counted; medians and range over rounds. *Busy "
        "loops*: programs that do nothing but take a core.", "", *table(found), ""])
    keep("neighbours", device, {"autocast": device.autocast, "works": found}, text)


if __name__ == "__main__":
    main()
