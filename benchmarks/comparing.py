"""How long every metric's intervals and every pair of a study take, and how much memory.

`python -m benchmarks.comparing` prints both for 15 methods of 3 seeds on 10,000 drawn items;
`--than OLD`, a checkout of 017e8f9 with an environment of its own or this one's, measures that
build beside this one, in turns of processes with one thread each. Writes
`benchmarks/results/comparing.json` and `.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.kept import keep
from harness.common.device import detect
from harness.compare.jackknife import jackknife
from harness.compare.pairs import Sample, differences
from harness.targets.classification import ClassificationAnswers
from harness.targets.metric import Statistic

METHODS, SEEDS, ITEMS, CLASSES = 15, 3, 10_000, 6
BEFORE = f"""
import json, resource, time
import numpy as np
from harness.compare.bootstrap import Answers, bootstrap
from harness.compare.pairs import Sample, differences
from harness.compare.uncertainty import figure
rng = np.random.default_rng(0)
data = Answers([rng.dirichlet(np.ones({CLASSES}), {ITEMS}) for _ in range({METHODS * SEEDS})],
               rng.integers({CLASSES}, size={ITEMS}), np.arange({ITEMS}))
start = time.process_time()
found = bootstrap(data)
for metric, values in found.values.items():
    points, samples = found.points[metric], []
    for own in np.arange({METHODS * SEEDS}).reshape({METHODS}, {SEEDS}):
        seeds = [float(points[i]) for i in own]
        figure(metric, seeds, values[own], found.drawn)
        samples.append(Sample(str(own[0]), seeds, values[own].mean(axis=0)))
    differences(samples, found.drawn)
print(json.dumps([time.process_time() - start,
                  resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]))
"""
"""The same by the build of 017e8f9, which resampled 10,000 times."""


def compare() -> float:
    """Processor seconds."""
    rng = np.random.default_rng(0)
    data = ClassificationAnswers(
        [rng.dirichlet(np.ones(CLASSES), ITEMS) for _ in range(METHODS * SEEDS)],
        rng.integers(CLASSES, size=ITEMS), np.arange(ITEMS))
    start = time.process_time()
    found = jackknife(data)
    right = np.array([run.right for run in data.runs], dtype=float)
    for name, metric in found.metrics.items():
        samples = []
        for own in np.arange(METHODS * SEEDS).reshape(METHODS, SEEDS).tolist():
            found.figure(name, own)
            shares = metric.statistic is Statistic.SHARE
            samples.append(Sample(
                str(own[0]), found.points[name][own].tolist(), found.shifts[name][own].mean(axis=0),
                right[own].mean(axis=0) if shares else None, ends=found.ends(name, own)))
        differences(metric, samples, found.pool)
    return time.process_time() - start


def beside(old: Path, rounds: int) -> dict[str, list[list[float]]]:
    """[seconds, bytes] of both builds, in turns."""
    here = [sys.executable, "-m", "benchmarks.comparing", "--once"]
    there = [sys.executable, "-c", BEFORE]
    found: dict[str, list[list[float]]] = {"here": [], "before": []}
    for _ in range(rounds):
        found["here"].append(_said(here, Path.cwd()))
        found["before"].append(_said(there, old))
    return found


def _said(command: Sequence[str], folder: Path) -> list[float]:
    alone = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1",
                          "OPENBLAS_NUM_THREADS": "1"}
    said = subprocess.run(command, check=True, cwd=folder, env=alone, stdout=subprocess.PIPE,
                          text=True).stdout
    return list(json.loads(said.splitlines()[-1]))


def main() -> None:
    """Measure, and keep what was measured side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--than", type=Path, metavar="OLD")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--once", action="store_true", help="print [seconds, bytes] alone")
    options = parser.parse_args()
    if options.than is None:
        seconds = compare()
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps([seconds, size]) if options.once else
              f"{seconds:.1f} s of processor time, {size / 1e9:.2f} GB at the most")
        return
    found, device = beside(options.than.resolve(), options.rounds), detect()
    (seconds, size), (old_seconds, old_size) = (
        [statistics.median(column) for column in zip(*found[side], strict=True)]
        for side in ("here", "before"))
    text = "\n".join([
        "# Comparing the methods of a study", "",
        f"{device.name}, medians of {options.rounds} turns, processes with one thread: every "
        f"metric's intervals and every pair of {METHODS} methods of {SEEDS} seeds on {ITEMS:,} "
        "items. Before: the build of 017e8f9, which resampled.", "",
        "| | here | before | ratio |", "|---|---|---|---|",
        f"| processor seconds | {seconds:.2f} | {old_seconds:.2f} | {seconds / old_seconds:.2f} |",
        f"| peak memory of the process, GB | {size / 1e9:.2f} | {old_size / 1e9:.2f} | "
        f"{size / old_size:.2f} |", ""])
    keep("comparing", device, {"found": found}, text)


if __name__ == "__main__":
    main()
