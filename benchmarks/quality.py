"""Whether the harness trains as good a model as a script does: many seeds, and the difference.

The same trainings as `benchmarks.training`, by the harness and by the Trainer with its best flags.
A seed draws head, batches and dropout, by each in its own way: the two samples are independent, so
their means differ by Welch's interval. Writes `benchmarks/results/quality.json` and `.md`.
`python -m benchmarks.quality --seeds 12`.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from scipy.stats import ttest_ind

from benchmarks.kept import keep, kept
from benchmarks.peers.trainer import BEST
from benchmarks.training import CASES, HARNESS, Case, Timing, trained
from harness.common.device import Device, detect

FIGURES = {"accuracy": "accuracy", "macro_f1": "macro F1"}
Trained = Mapping[str, Sequence[Timing]]
"""Trainings of one case by who trained, a seed each."""


def train_all(case: Case, seeds: int, device: Device) -> Trained:
    """One seed after another, by either in turn."""
    found: dict[str, list[Timing]] = {HARNESS: [], BEST.name: []}
    for seed in range(seeds):
        for name, timings in found.items():
            timings.append(trained(case, device, name, seed))
    return found


def rows(title: str, found: Trained) -> list[str]:
    """Markdown rows of a case: mean ± standard deviation over seeds, and the difference of means
    with its 95% interval."""
    lines = []
    for part, name in FIGURES.items():
        ours, theirs = ([getattr(t, part) for t in found[by]] for by in (HARNESS, BEST.name))
        span = ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.95)
        apart = statistics.mean(ours) - statistics.mean(theirs)
        lines.append(f"| {title} | {name} | {len(ours)} | {spread(ours)} | {spread(theirs)} | "
                     f"{apart:+.3f} [{span.low:+.3f}, {span.high:+.3f}] |")
    return lines


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation."""
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"


def told(found: Mapping[str, Trained], device: Device) -> None:
    """Write the figures as JSON and Markdown, and print them."""
    text = "\n".join([
        "# Quality of training: the harness against the Trainer with its best flags", "",
        f"{device.name}, autocast {device.autocast}. Legal data, length 128, batch 16; each "
        "training answers the same test items. Mean ± standard deviation over seeds; the "
        "difference is harness minus Trainer, with Welch's 95% interval.", "",
        "| trained | figure | seeds each | harness | Trainer, best flags | difference |",
        "|---|---|---|---|---|---|",
        *(row for title, by in found.items() for row in rows(title, by)), ""])
    keep("quality", device, {"cases": {
        title: {name: [asdict(t) for t in timings] for name, timings in by.items()}
        for title, by in found.items()}}, text)


def read(device: Device) -> dict[str, Trained]:
    """The cases measured before, by title."""
    path = kept("quality", device)
    cases = json.loads(path.read_text())["cases"] if path.exists() else {}
    return {title: {name: [Timing(**t) for t in timings] for name, timings in by.items()}
            for title, by in cases.items()}


def main() -> None:
    """Train, print and keep the table; cases that are not asked for stay as they were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--only", type=int, nargs="+", default=[0, 3],
                        help="numbers of the cases of benchmarks.training")
    options = parser.parse_args()
    device = detect()
    found = read(device)
    for number in options.only:
        case = CASES[device.type][number]
        found[case.title] = train_all(case, options.seeds, device)
    told(found, device)


if __name__ == "__main__":
    main()
