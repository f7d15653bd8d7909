"""How long statistics and reports take: `make bench`, or `python -m benchmarks.report`.

Writes `benchmarks/results/report.json` and `.md`. Answers are drawn, so no model is run.
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.kept import keep
from harness.common.device import detect
from harness.compare.jackknife import jackknife
from harness.compare.pairs import Sample, differences
from harness.report.files import write_report
from harness.report.published import publish
from harness.targets.metric import Statistic
from harness.targets.one_class import OneClass
from tests.synthetic import drawn_study

METHODS, SEEDS, ITEMS, CLASSES = 15, 3, 10_000, 6
RUN_METHODS, RUN_SEEDS, RUN_ITEMS = 200, 5, 1000


def statistics() -> float:
    """Seconds for every metric's intervals, and every pair, of 15 methods of 3 seeds on 10,000
    items."""
    rng = np.random.default_rng(0)
    data = OneClass([rng.dirichlet(np.ones(CLASSES), ITEMS) for _ in range(METHODS * SEEDS)],
                   rng.integers(CLASSES, size=ITEMS), np.arange(ITEMS))
    start = time.perf_counter()
    found = jackknife(data)
    right = np.array([run.right for run in data.runs], dtype=float)
    places = np.arange(METHODS * SEEDS).reshape(METHODS, SEEDS).tolist()
    for metric, shifts in found.shifts.items():
        shares = found.metrics[metric].statistic is Statistic.SHARE
        samples = []
        for own in places:
            found.figure(metric, own)
            samples.append(Sample(str(own[0]), found.points[metric][own].tolist(),
                                  shifts[own].mean(axis=0), right[own].mean(axis=0) if shares
                                  else None, ends=found.ends(metric, own)))
        differences(found.metrics[metric], samples, found.pool)
    return time.perf_counter() - start


def report() -> float:
    """Seconds from records and predictions to the three files, 1,000 runs on 1,000 items."""
    study, tables = drawn_study({f"m{i:03d}": 1 + i / 100 for i in range(RUN_METHODS)},
                                items=RUN_ITEMS, seeds=RUN_SEEDS)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_report(publish(study, tables.__getitem__, {}), Path(folder))
        return time.perf_counter() - start


def main() -> None:
    """Measure both and keep the figures."""
    first = statistics()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found = {
        f"{METHODS} methods x {SEEDS} seeds x {ITEMS} items, all metrics and pairs":
            {"seconds": first, "peak_memory_bytes": memory},
        f"report of {RUN_METHODS * RUN_SEEDS} runs x {RUN_ITEMS} items":
            {"seconds": report(),
             "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024},
    }
    device = detect()
    rows = [f"| {name} | {r['seconds']:.1f} | {r['peak_memory_bytes'] / 1e9:.2f} |"
            for name, r in found.items()]
    text = "\n".join(["# Statistics and reports", "", f"{device.name}, one run each.", "",
                      "| what | seconds | peak memory of the process, GB |", "|---|---|---|",
                      *rows, ""])
    keep("report", device, {"found": found}, text)


if __name__ == "__main__":
    main()
