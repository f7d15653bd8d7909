"""How long reports take: `make bench`, or `python -m benchmarks.report`. What comparing the methods
of a study takes alone is in `benchmarks.comparing`.

Writes `benchmarks/results/report.json` and `.md`. Answers are drawn, so no model is run.
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

from benchmarks.kept import keep
from harness.common.device import detect
from harness.report.files import write_report
from harness.report.published import publish
from tests.synthetic import drawn_study

RUN_METHODS, RUN_SEEDS, RUN_ITEMS = 200, 5, 1000


def report() -> float:
    """Processor seconds from records and predictions to the three files, 1,000 runs on 1,000
    items."""
    study, tables = drawn_study({f"m{i:03d}": 1 + i / 100 for i in range(RUN_METHODS)},
                                items=RUN_ITEMS, seeds=RUN_SEEDS)
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        write_report(publish(study, tables.__getitem__, {}), Path(folder))
        return time.process_time() - start


def main() -> None:
    """Measure, and keep the figures."""
    found = {f"report of {RUN_METHODS * RUN_SEEDS} runs x {RUN_ITEMS} items":
             {"seconds": report(),
              "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}}
    device = detect()
    rows = [f"| {name} | {r['seconds']:.1f} | {r['peak_memory_bytes'] / 1e9:.2f} |"
            for name, r in found.items()]
    text = "\n".join(["# Reports", "", f"{device.name}, one run.", "",
                      "| what | processor seconds | peak memory of the process, GB |",
                      "|---|---|---|", *rows, ""])
    keep("report", device, {"found": found}, text)


if __name__ == "__main__":
    main()
