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
from harness.compare.bootstrap import RESAMPLES, Answers, bootstrap
from harness.compare.pairs import Sample, differences
from harness.compare.uncertainty import figure
from harness.report.files import write_report
from harness.report.published import publish
from tests.synthetic import drawn_study

METHODS, ITEMS, CLASSES = 30, 10_000, 6
RUN_METHODS, RUN_SEEDS, RUN_ITEMS = 200, 5, 1000


def statistics() -> float:
    """Seconds for every metric's intervals, and every pair, of 30 methods on 10,000 items."""
    rng = np.random.default_rng(0)
    data = Answers([rng.dirichlet(np.ones(CLASSES), ITEMS) for _ in range(METHODS)],
                   rng.integers(CLASSES, size=ITEMS), np.arange(ITEMS))
    start = time.perf_counter()
    found = bootstrap(data)
    for metric, values in found.values.items():
        points = found.points[metric]
        for i in range(METHODS):
            figure(metric, [float(points[i])], values[[i]], found.drawn)
        differences(metric, [Sample(str(i), [float(points[i])], values[i]) for i in range(METHODS)],
                    found.drawn)
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
        f"{METHODS} methods x {ITEMS} items x {RESAMPLES} resamples, all metrics and pairs":
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
