"""What commands take before they say anything, beside another checkout: processor seconds.

All processes of a command count, the server that runs are forked from among them. Both checkouts
use one cache and one environment; each command runs once unmeasured, so that what is kept is kept,
and then in turns. `python -m benchmarks.start --beside ../earlier` writes
`benchmarks/results/start.md` and `start.json`.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.kept import keep
from harness.common.device import detect

HERE = Path(__file__).resolve().parents[1]
COMMANDS = (
    ("--help",), ("suites",), ("methods",), ("doctor", "--help"), ("sutes",), ("run", "leagl"),
    ("plan", "legal", "--profile", "smok"), ("plan", "legal", "--profile", "smoke"),
    ("check", "legal", "--profile", "smoke"))
SUBREAPER = 36
"""Of prctl(2): processes whose parent is gone become this one's children, and are counted."""


def spent(checkout: Path, words: tuple[str, ...]) -> float:
    """Processor seconds of a command and of all that it started, in user and system mode."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "harness", *words], cwd=checkout, check=False,
                   env={**os.environ, "PYTHONPATH": str(checkout)}, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure(checkouts: dict[str, Path], commands: Sequence[tuple[str, ...]], repeats: int
            ) -> list[dict[str, Any]]:
    """By command, the seconds of each checkout: least, median, most."""
    rows = []
    for words in commands:
        for checkout in checkouts.values():
            spent(checkout, words)
        found: dict[str, list[float]] = {name: [] for name in checkouts}
        for _ in range(repeats):
            for name, checkout in checkouts.items():
                found[name].append(spent(checkout, words))
        row: dict[str, Any] = {"command": " ".join(("harness", *words))}
        for name, seconds in found.items():
            row[name] = {"least": min(seconds), "median": statistics.median(seconds),
                         "most": max(seconds)}
        if "beside" in row:
            row["ratio"] = row["here"]["median"] / row["beside"]["median"]
        rows.append(row)
    return rows


def text(rows: list[dict[str, Any]], device: str, repeats: int) -> str:
    """The rows as Markdown."""
    lines = ["# What commands take to start", "",
             f"Processor seconds (user and system, all processes), median of {repeats} (least to "
             f"most), in turns, on {device}.", "", "| command | here | beside | ratio |",
             "|---|---|---|---|"]
    for row in rows:
        cells = [f"{s['median']:.2f} ({s['least']:.2f} to {s['most']:.2f})" if s else "–"
                 for s in (row["here"], row.get("beside"))]
        ratio = f"{row['ratio']:.3f}" if "ratio" in row else "–"
        lines.append(f"| `{row['command']}` | {' | '.join(cells)} | {ratio} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beside", type=Path, help="another checkout of this repository")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="+", help="first words of the commands to measure")
    options = parser.parse_args()
    commands = [words for words in COMMANDS if words[0] in (options.only or words)]
    checkouts = {"here": HERE} | ({"beside": options.beside.resolve()} if options.beside else {})
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    rows, device = measure(checkouts, commands, options.repeats), detect()
    keep("start", device, {"repeats": options.repeats, "commands": rows},
         text(rows, device.name, options.repeats))


if __name__ == "__main__":
    main()
