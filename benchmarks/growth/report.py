"""How comparison and report grow with runs and items: `python -m benchmarks.growth.report`.

Answers are drawn, so no model is run. Writes `results/growth-report.json`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import psutil

from harness.common.device import detect
from harness.report.files import write_report
from harness.report.published import publish
from harness.study.estimate.stopwatch import Others
from tests.synthetic import drawn_study

RESULTS = Path(__file__).parents[1] / "results" / "growth-report.json"
METHODS, ITEMS = (5, 15, 50, 150), (100, 1_000, 10_000)
SEEDS = 2


@dataclass(frozen=True)
class Measured:
    """A study of `methods` methods with two runs each, from its records and predictions.

    `compare_seconds` are those of all intervals, pairs and the verdict, `report_seconds` those of
    the three files, of `report_bytes` in all. `memory_bytes` is the process's growth meanwhile.
    """

    methods: int
    runs: int
    items: int
    compare_seconds: float
    compare_cpu_seconds: float
    report_seconds: float
    report_cpu_seconds: float
    memory_bytes: int
    report_bytes: int
    others: float


def measure(methods: int, items: int) -> Measured:
    """Compare and report in this process."""
    study, tables = drawn_study({f"m{i:03d}": 1 + i / methods for i in range(methods - 1)},
                                items=items, seeds=SEEDS)
    watch, before = Others(), psutil.Process().memory_info().rss
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        published = publish(study, tables.__getitem__, {})
        compared, compared_cpu = time.perf_counter() - wall, time.process_time() - cpu
        write_report(published, Path(folder))
        return Measured(
            methods, len(study.records), items, compared, compared_cpu,
            time.perf_counter() - wall - compared, time.process_time() - cpu - compared_cpu,
            psutil.Process().memory_info().rss - before,
            sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()),
            watch.share())


def main(words: Sequence[str] | None = None) -> None:
    """Measure every pair of sizes, each in a process of its own, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", type=int, default=METHODS)
    parser.add_argument("--items", nargs="+", type=int, default=ITEMS)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(words)
    found = []
    for items in options.items:
        for methods in options.methods:
            with ProcessPoolExecutor(1, get_context("spawn")) as own:
                found.append(asdict(own.submit(measure, methods, items).result()))
            print(found[-1], flush=True)
    options.results.write_text(
        json.dumps({"device": detect().name, "found": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
