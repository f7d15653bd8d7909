"""What few draws know of how unlike draws are: studies of methods that are all alike.

Each study has methods of which none is better than another; their figures over draws of training
items scatter by the method's own spread, on items that every method answers. Counted are studies in
which any pair of methods is told apart after Holm's correction: by each method's own spread alone,
and with no less than that of its peers, as reports have it (`compare.kin`). Beside it stands the
median difference that such a study finds with 80% power. Writes `benchmarks/results/seeds.json` and
`.md`. `python -m benchmarks.seeds --studies 300`.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from benchmarks.kept import keep
from harness.common.device import detect
from harness.compare.kin import pooled
from harness.compare.pairs import Sample, differences
from harness.compare.pool import Pool
from harness.targets.metrics import TOKEN_F1

METRIC = replace(TOKEN_F1, name="score", bounds=(-inf, inf))
"""One that has no ends to be near to."""
GROUPS = 60
SPREADS = {
    "as those of legal": (0.002, 0.004, 0.006, 0.016, 0.018, 0.019, 0.032, 0.033, 0.033, 0.033,
                            0.045),
    "eleven alike": (0.025,) * 11,
    "six steady, five not": (0.002,) * 6 + (0.05,) * 5,
    "ten, and one of eight times their spread": (0.01,) * 10 + (0.08,),
    "four": (0.01, 0.02, 0.03, 0.05),
    "three": (0.005, 0.02, 0.06),
}
"""Standard deviations over draws, a method each."""
ITEMS = {"300 items": 4e-4, "2,400 items": 5e-5}
"""Variance that items give a difference."""
DRAWS = (2, 3, 5)
RULES = ("own", "peers")


@dataclass(frozen=True)
class Found:
    """Of some studies: the share that told any pair apart, and the median difference they find."""

    told: float
    detectable: float


def examine(spreads: tuple[float, ...], items: float, draws: int, studies: int, seed: int = 1
            ) -> dict[str, Found]:
    """By rule, on the same studies."""
    rng, pool = np.random.default_rng(seed), Pool.even(GROUPS)
    told, found = dict.fromkeys(RULES, 0), {rule: [] for rule in RULES}
    for _ in range(studies):
        shifts = rng.normal(0, np.sqrt(items / 2 / GROUPS), (len(spreads), GROUPS))
        moved = rng.normal(0, np.sqrt(items / 2), len(spreads))
        points = {str(i): (0.6 + moved[i] + rng.normal(0, spread, draws)).tolist()
                  for i, spread in enumerate(spreads)}
        for rule, kin in (("own", None), ("peers", pooled(points))):
            pairs = differences(METRIC, [Sample(name, of, shifts[i], kin=kin)
                                         for i, (name, of) in enumerate(points.items())], pool)
            told[rule] += any(pair.significant for pair in pairs.values())
            found[rule] += [pair.detectable for pair in pairs.values()]
    return {rule: Found(told[rule] / studies, float(np.median(found[rule]))) for rule in RULES}


def main() -> None:
    """Simulate all, print and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=300)
    studies = parser.parse_args().studies
    rows, kept = [], []
    for name, spreads in SPREADS.items():
        for items, variance in ITEMS.items():
            for draws in DRAWS:
                found = examine(spreads, variance, draws, studies)
                own, peers = (found[rule] for rule in RULES)
                rows.append(f"| {name} | {items} | {draws} | {100 * own.told:.1f} | "
                            f"{100 * peers.told:.1f} | {own.detectable:.3f} | "
                            f"{peers.detectable:.3f} |")
                print(rows[-1], flush=True)
                kept.append({"methods": name, "items": items, "draws": draws, "studies": studies,
                             **{rule: vars(each) for rule, each in found.items()}})
    error = 100 * (0.05 * 0.95 / studies) ** 0.5
    text = "\n".join([
        "# What few draws know of how unlike draws are", "",
        f"{studies} studies a line of methods that are all alike; 5% asked, ± {error:.1f} points. "
        "*Told apart*: studies with a pair that is told apart after Holm's correction, %. "
        "*Detectable*: the median over pairs and studies of the difference that is found with 80% "
        "power. *Own*: by each method's own spread over draws; *peers*: with no less than the mean "
        "variance of all methods', and its freedom, as reports have it. `python -m "
        "benchmarks.seeds`.", "",
        "| methods' spreads | items | draws | told apart, own | told apart, peers | detectable, "
        "own | detectable, peers |", "|---|---|---|---|---|---|---|", *rows, ""])
    keep("seeds", detect(), {"studies": studies, "lines": kept}, text)


if __name__ == "__main__":
    main()
