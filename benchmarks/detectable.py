"""What drawing items over groups buys: the smallest difference that a study finds with 80% power.

Methods of given strengths answer, as `benchmarks.worlds` simulates them, the items that `legal`
drew when its budget took items as they come (`pools.json`: legal-100, legal-300), and as many drawn
over groups from its test part as it is dealt now. The difference is the one that the report prints
beside a pair: Holm's first step over all pairs of the study. Writes `benchmarks/results/
detectable.json` and `.md`.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.kept import keep
from benchmarks.worlds import Sampled, World, pool, simulate
from harness.common.device import detect
from harness.compare.jackknife import jackknife
from harness.compare.pairs import Sample, differences
from harness.tasks.drawing import DRAWS

METHODS = {100: 13, 300: 11}
"""Ranked together in `legal` quick, by the test items that they answer."""


@dataclass(frozen=True)
class Drawn:
    """Items of a study, and how many groups they are of."""

    how: str
    items: Sampled

    @property
    def groups(self) -> int:
        """How many there are."""
        return int(self.items.groups.max()) + 1


def as_they_come(count: int) -> Drawn:
    """The items that the budget drew before."""
    groups, targets = pool(f"legal-{count}")
    return Drawn("as they come", Sampled(groups, targets))


def over_groups(count: int) -> Drawn:
    """The first items of the test part in the order in which a budget draws over groups."""
    groups, targets = pool("legal-test")
    ids = np.arange(len(targets), dtype=np.uint64)
    own = DRAWS["groups"](ids, targets, groups, 0)[:count]
    numbers = np.unique(groups[own], return_inverse=True)[1]
    return Drawn("over groups", Sampled(numbers, targets[own]))


def detectable(drawn: Drawn, methods: int, studies: int, seed: int = 0) -> np.ndarray:
    """Of every pair in macro F1, the mean over studies: [pairs]."""
    strengths = tuple(np.linspace(0.4, 1.8, methods).tolist())
    world, rng, found = World("legal-test", strengths), np.random.default_rng(seed), []
    for _ in range(studies):
        estimates = jackknife(simulate(world, drawn.items, rng))
        metric = estimates.metrics["macro_f1"]
        samples = [Sample(str(i), [float(point)], shifts) for i, (point, shifts) in enumerate(
            zip(estimates.points["macro_f1"], estimates.shifts["macro_f1"], strict=True))]
        pairs = differences(metric, samples, estimates.pool)
        found.append([pairs[str(a), str(b)].detectable
                      for a, b in combinations(range(methods), 2)])
    # More than the whole range of the metric: such a pair cannot be told apart at all.
    return np.mean(np.minimum(found, 1.0), axis=0)


def main() -> None:
    """Simulate, keep and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    studies = parser.parse_args().studies
    rows, kept = [], {}
    for count, methods in METHODS.items():
        before, now = as_they_come(count), over_groups(count)
        old, new = (detectable(each, methods, studies) for each in (before, now))
        ratio = float(np.median(new / old))
        kept[str(count)] = {"methods": methods, "studies": studies, "ratio": ratio,
                            before.how: old.tolist(), now.how: new.tolist()}
        rows.append(f"| {count} | {methods} | {before.groups} | {now.groups} | "
                    f"{old.min():.2f} to {old.max():.2f} | {new.min():.2f} to {new.max():.2f} | "
                    f"{ratio:.2f} |")
    text = "\n".join([
        "# What drawing items over groups buys", "",
        f"{studies} simulated studies a row; macro F1; the difference that a pair's comparison "
        "finds with 80% power at Holm's first step, by pair, cut at 1. Ratio: the median over "
        "pairs. `python -m benchmarks.detectable`.", "",
        "| items | methods | groups, as they come | groups, over groups | detectable, as they come "
        "| detectable, over groups | ratio |", "|---|---|---|---|---|---|---|", *rows, ""])
    keep("detectable", detect(), kept, text)


if __name__ == "__main__":
    main()
