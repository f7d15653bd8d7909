"""How the 5% of a study by minutes may be spent on its looks: what each way finds, and when.

A difference between two of eight methods has an error of the test items, the same at every look,
and one of draws, whose mean falls with their number and whose variance all methods tell together.
One-sided bounds over seven rivals; a bound is the highest of all looks so far. Counted are studies
of two alike whose bound is wrong at any of twelve looks, and the difference that is shown by a look
in 80% of studies. Writes `results/looks.json` and `.md`. `python -m benchmarks.looks`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import stdtrit

from benchmarks.kept import keep
from harness.common.device import detect

STUDIES, DRAWS, METHODS, GROUPS, ALL = 20_000, 12, 8, 60, 20
SHOWN = (2, 3, 5, 12)
DRAWN = 0.025**2
"""Variance of a method's figure over draws that plans count with."""
WORLDS = {"items dominate": (0.0025, DRAWN), "both": (0.0012, DRAWN), "draws dominate":
          (0.0003, DRAWN), "draws unlike the plan's": (0.0025, 4 * DRAWN)}
"""Variance of items in a difference, and of draws in a figure."""


def _spent(shares: np.ndarray) -> np.ndarray:
    """From the share of all that is spent by each number of draws, what each look has."""
    return np.diff(np.concatenate([[0.0], shares[1:]]), prepend=0.0)


def _of_first(weights: np.ndarray) -> np.ndarray:
    weights = np.concatenate([[0.0], weights[1:]])
    return weights / weights.sum()


WAYS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "each look has all 5% (not valid)": lambda k, ratio: np.where(k > 1, 1.0, 0.0),
    "1 / (k (k - 1))": lambda k, ratio: _spent(1 - 1 / k),
    "by the information that the plan expects": lambda k, ratio: _spent(k / (k + ratio)),
    "1 / k, of 20 looks": lambda k, ratio: _of_first(1 / k),
    "alike, of 20 looks": lambda k, ratio: _of_first(np.ones_like(k)),
}
"""Shares of the 5% by number of draws, where draws have so many times the items' variance."""


def examine(items: float, drawn: float, way: str) -> tuple[float, list[float]]:
    """How often a bound is wrong, and what is shown in 80% of studies by the looks `SHOWN`."""
    rng, k = np.random.default_rng(1), np.arange(1.0, DRAWS + 1)
    alpha = 0.05 * WAYS[way](np.arange(1.0, ALL + 1), 2 * DRAWN / items)[:DRAWS]
    off = rng.normal(0, items**0.5, (STUDIES, 1)) + rng.normal(
        0, (2 * drawn) ** 0.5, (STUDIES, DRAWS)).cumsum(axis=1) / k
    freedom = METHODS * np.maximum(k - 1, 1)
    of_items = items * rng.chisquare(GROUPS, (STUDIES, 1)) / GROUPS
    of_draws = 2 * drawn / k * rng.chisquare(freedom, (STUDIES, DRAWS)) / freedom
    degrees = (of_items + of_draws) ** 2 / (of_items**2 / GROUPS + of_draws**2 / freedom)
    wide = -stdtrit(degrees, np.maximum(alpha, 1e-300) / (METHODS - 1)) * np.sqrt(
        of_items + of_draws)
    bound = np.maximum.accumulate(np.where(alpha > 0, off - wide, -np.inf), axis=1)
    return float((bound[:, -1] > 0).mean()), [-float(np.quantile(bound[:, n - 1], 0.2))
                                              for n in SHOWN]


def main() -> None:
    """Simulate all, print and keep the table."""
    rows, kept = [], []
    for world, (items, drawn) in WORLDS.items():
        for way in WAYS:
            wrong, shown = examine(items, drawn, way)
            kept.append({"world": world, "way": way, "wrong": wrong, "shown": shown})
            rows.append(f"| {world} | {way} | {100 * wrong:.2f} | "
                        + " | ".join(f"{each:.3f}" for each in shown) + " |")
    text = "\n".join([
        "# How 5% are spent on the looks of a study by minutes", "",
        f"{STUDIES:,} simulated studies a line. *Wrong*: a bound that is broken at any of {DRAWS} "
        f"looks, %; over {METHODS - 1} rivals together 5 are allowed, so {5 / (METHODS - 1):.2f} "
        "here. Then the difference that is shown by a look after so many draws, in 80% of studies. "
        "`python -m benchmarks.looks`.", "",
        f"| variances | the look after k draws has | wrong | {' | '.join(map(str, SHOWN))} |",
        f"|---|---|---|{'---|' * len(SHOWN)}", *rows, ""])
    keep("looks", detect(), {"studies": STUDIES, "lines": kept}, text)


if __name__ == "__main__":
    main()
