"""Time and memory of `harness init` and `harness plan` by rows: `python -m benchmarks.rows`.

Writes `benchmarks/results/rows.json` and `.md`. The rows are drawn: a class, a group of four rows,
and 43 words, about 60 tokens.
"""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.kept import keep
from harness.common.cache import cache_folder
from harness.common.device import detect

SIZES = (10_000, 100_000, 1_000_000)
CLASSES, WORDS, VOCABULARY, GROUP = 6, 43, 20_000, 4


@dataclass(frozen=True)
class Spent:
    """What a command took: wall and processor seconds, and the most memory its process held."""

    rows: int
    command: str
    seconds: float
    cpu_seconds: float
    peak_mib: float


def write_rows(path: Path, rows: int) -> None:
    """A CSV of drawn rows."""
    rng = random.Random(0)
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(2, 9))) for _ in range(VOCABULARY)]
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label", "group"])
        for i in range(rows):
            group = i // GROUP
            writer.writerow([" ".join(rng.choices(words, k=WORDS)), f"class {group % CLASSES}",
                             f"g{group}"])


def spent(rows: int, folder: Path, *words: str) -> Spent:
    """Run a command in a process of its own."""
    start = time.perf_counter()
    pid = subprocess.Popen([sys.executable, "-m", "harness", *words],
                           env=os.environ | {"HARNESS_CACHE": str(folder / "cache")},
                           stdout=subprocess.DEVNULL).pid
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"harness {' '.join(words)} failed")
    return Spent(rows, words[0], time.perf_counter() - start, usage.ru_utime + usage.ru_stime,
                 usage.ru_maxrss / 1024)


def measured(rows: int) -> list[Spent]:
    """`init`, then `plan` of what it wrote, with the models of the user's cache and no rows."""
    with tempfile.TemporaryDirectory() as place:
        folder, data = Path(place), Path(place) / "data.csv"
        (folder / "cache").mkdir()
        for kept in cache_folder().iterdir():
            if kept.name not in ("rows", "findings"):
                (folder / "cache" / kept.name).symlink_to(kept)
        write_rows(data, rows)
        suites = ("--suites", str(folder / "suites"))
        return [spent(rows, folder, "init", "drawn", "--data", str(data), "--text", "text",
                      "--label", "label", "--group", "group", *suites),
                spent(rows, folder, "plan", "drawn", *suites, "--runs", str(folder / "runs"))]


def main() -> None:
    """Measure all sizes and keep the figures."""
    sizes = tuple(map(int, sys.argv[1:])) or SIZES
    found = [one for size in sizes for one in measured(size)]
    device = detect()
    lines = [f"| {one.rows:,} | `harness {one.command}` | {one.seconds:.0f} | "
             f"{one.cpu_seconds:.0f} | {one.peak_mib:,.0f} |"
             for one in found]
    text = "\n".join([
        "# Rows", "", f"CSV files of {WORDS} drawn words a row (about 60 tokens), four rows a "
        f"group, {CLASSES} classes. {device.name}, one process a command, imports included.", "",
        "| rows | command | seconds | seconds of the processor | peak MiB |",
        "|---|---|---|---|---|", *lines, ""])
    keep("rows", device, {"found": [asdict(one) for one in found]}, text)


if __name__ == "__main__":
    main()
