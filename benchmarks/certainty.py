"""What minutes buy beside a fixed profile of the same wall clock: the difference each finds.

Of each suite the profile is run first, from nothing but downloads; then as many minutes as that
took. Held against each other are the pairs of methods that can win (not significantly lower, in
either study) and that both studies have: what the report says would have been found with 80%
power, in the metric that decides. `--checkout` runs the profile by the code of another checkout.
On a quiet machine: for `legal`, `sentiment` and `privacy` twice 10 to 25 minutes each on two
cores, 1 to 2.5 hours in all. `--read A B` compares two `study.json` that are there, the profile's
first, and runs nothing. Writes `benchmarks/results/certainty.json` and `.md`. `python -m
benchmarks.certainty`.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.kept import keep
from harness.common.device import detect
from harness.report.published import Published, read_published

ROOT = Path(__file__).parents[1]
SUITES = ("legal", "sentiment", "privacy")


@dataclass(frozen=True)
class Beside:
    """A suite's two studies, on the pairs that both have."""

    suite: str
    seconds: tuple[float, float]
    """Wall clock, the profile's first."""
    pairs: int
    found: tuple[float, float]
    """Median over the pairs of the smallest difference found, the profile's first; NaN for none."""
    ratio: float
    """Median over pairs of the minutes' over the profile's."""
    methods: tuple[int, int]
    answers: tuple[str | None, str | None]
    """Of the verdicts."""


def beside(suite: str, fixed: Published, bought: Published,
           seconds: tuple[float, float] = (math.nan, math.nan)) -> Beside:
    """Two studies of one suite, the profile's first."""
    sizes = [_found(each) for each in (fixed, bought)]
    both = [pair for pair in sizes[0] if pair in sizes[1]]
    first, second = (np.array([size[pair] for pair in both]) for size in sizes)
    with np.errstate(invalid="ignore"):  # neither finds a difference of any size
        ratios = np.where(first == second, 1.0, second / first)
    middle = [float(np.median(each)) if both else math.nan for each in (first, second, ratios)]
    return Beside(suite, seconds, len(both), (middle[0], middle[1]), middle[2],
                  (len(fixed.summary.rows), len(bought.summary.rows)),
                  (fixed.verdict.answer, bought.verdict.answer))


def _found(published: Published) -> dict[frozenset[str], float]:
    """Of every pair of methods that can win, the smallest difference that is found."""
    summary = published.summary
    able = {row.name for row in summary.rows if row.standing not in (None, "lower", "ceiling")}
    return {frozenset((pair.first, pair.second)): pair.differences[summary.metric].detectable
            for pair in summary.pairs if {pair.first, pair.second} <= able
            and summary.metric in pair.differences}


def carried_out(suite: str, asked: Sequence[str], folder: Path, checkout: Path
                ) -> tuple[float, Published]:
    """Seconds and the study of `harness run`, with nothing kept but downloads."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "harness", "run", suite, *asked, "--suites",
                    str(checkout / "suites"), "--runs", str(folder / "runs"), "--reports",
                    str(folder / "reports")], check=True, cwd=folder,
                   env=os.environ | {"PYTHONPATH": str(checkout)})
    seconds = time.perf_counter() - begun
    return seconds, read_published(folder / "reports" / suite / "study.json")


def measured(suite: str, profile: str, checkout: Path) -> Beside:
    """Both studies of a suite, run one after the other."""
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / which for which in ("profile", "minutes")]
        for folder in folders:
            folder.mkdir()
        fixed, one = carried_out(suite, ["--profile", profile], folders[0], checkout)
        minutes, other = carried_out(suite, ["--profile", profile, "--minutes",
                                             f"{fixed / 60:.1f}"], folders[1], ROOT)
    return beside(suite, one, other, (fixed, minutes))


def table(found: Sequence[Beside]) -> str:
    """The results as Markdown."""
    rows = [f"| {each.suite} | {each.seconds[0] / 60:.1f} | {each.seconds[1] / 60:.1f} | "
            f"{each.methods[0]} | {each.methods[1]} | {each.pairs} | {each.found[0]:.3f} | "
            f"{each.found[1]:.3f} | {each.ratio:.2f} | {each.answers[0]} | {each.answers[1]} |"
            for each in found]
    return "\n".join([
        "# What minutes buy beside a profile of the same wall clock", "",
        "The smallest difference found with 80% power, median over the pairs of methods that can "
        "win and that both studies have. `python -m benchmarks.certainty`.", "",
        "| suite | profile: minutes | minutes | profile: methods | minutes: methods | pairs | "
        "profile: found | minutes: found | ratio | profile: verdict | minutes: verdict |",
        "|---|---|---|---|---|---|---|---|---|---|---|", *rows, ""])


def main() -> None:
    """Run or read, keep and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suites", nargs="+", default=SUITES)
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="whose code runs the profile")
    parser.add_argument("--read", nargs=2, type=Path, metavar=("A", "B"), help="two study.json")
    options = parser.parse_args()
    if options.read:
        one, other = map(read_published, options.read)
        print(table([beside(one.study.suite, one, other)]))
        return
    found: list[Beside] = []
    for suite in options.suites:
        found.append(measured(suite, options.profile, options.checkout.resolve()))
        keep("certainty", detect(), {"suites": [asdict(each) for each in found]}, table(found))


if __name__ == "__main__":
    main()
