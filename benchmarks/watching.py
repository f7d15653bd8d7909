"""Does a watch keep its word? Levels of its tests, coverage of its intervals, and how soon a fall
is seen, by simulation.

`python -m benchmarks.watching [--draws 200]`: no model and no data, a few minutes. Writes
`benchmarks/results/watching.json` and `.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.kept import keep
from harness.common.device import detect
from harness.watch.confidence import DECIDES, told
from harness.watch.said import kernel_of
from harness.watch.sequence import confidence_sequence, evidence_of_a_fall
from harness.watch.shares import change
from harness.watch.sides import Sides, sides
from harness.watch.two_samples import chance, gaussian

ALPHA = 0.05
Rng = np.random.Generator


def alone(before: int, now: int) -> Sides:
    """Items by themselves."""
    return sides([f"a{i}" for i in range(before)], [f"b{i}" for i in range(now)])


def grouped(before: int, now: int, rng: Rng, of: int = 8) -> Sides:
    """So many groups a side, of 1 to `of` items before and of one item now; weighted before."""
    names = [f"a{g}" for g in range(before) for _ in range(rng.integers(1, of + 1))]
    return sides(names, [f"b{g}" for g in range(now)], rng.uniform(0.5, 2.0, len(names)).tolist())


def effects(found: Sides, width: int, rng: Rng) -> np.ndarray:
    """Items' own noise and as much of their groups', [items, width]."""
    own = rng.normal(size=(len(found.groups), width))
    return np.asarray(own + rng.normal(size=(int(found.groups.max()) + 1, width))[found.groups])


def levels(draws: int, make: Callable[[Rng], Sides], rng: Rng) -> dict[str, float]:
    """How often each test calls two sides of one distribution different at 5%, and how often the
    interval of a share's change misses none."""
    hits = {"texts": 0, "answers": 0, "numbers": 0, "share's interval misses": 0}
    for draw in range(draws):
        found = make(rng)
        vectors = effects(found, 8, rng)
        classes = np.digitize(vectors[:, 0], [-1.2, 0.4])
        hits["texts"] += chance(gaussian(vectors @ vectors.T), found, draw) <= ALPHA
        hits["answers"] += chance(kernel_of(np.eye(3)[classes], True), found, draw) <= ALPHA
        hits["numbers"] += chance(kernel_of(vectors[:, :1], False), found, draw) <= ALPHA
        one = change(classes == 0, found)
        hits["share's interval misses"] += not one.low <= 0 <= one.high
    return {name: count / draws for name, count in hits.items()}


def estimated(draws: int, before: int, now: int, shifted: float, rng: Rng) -> dict[str, float]:
    """Under covariate shift of confidence: how often the intervals of the share right and of its
    drop miss the truth, and how often a drop is found where there is none."""
    missed = wrong = lost = 0
    for draw in range(draws):
        found = alone(before, now)
        sure = np.concatenate([rng.beta(4, 2, before), rng.beta(4 - shifted, 2 + shifted, now)])
        sure = 0.5 + sure / 2
        curve = 0.3 + 0.65 * (2 * sure - 1)  # it is too sure, and wants calibrating
        one = told(sure, rng.random(before) < curve[:before], found, draw)[DECIDES]
        held = 0.3 + 0.65 * 4 / 6
        true = 0.3 + 0.65 * (4 - shifted) / 6
        missed += not one.low <= true <= one.high
        lost += not one.drop_low <= held - true <= one.drop_high
        wrong += one.p_value <= ALPHA and shifted == 0
    return {"share right missed": missed / draws, "its drop missed": lost / draws,
            "a drop found where none is": wrong / draws}


def days(share: Callable[[int], float], count: int, items: int, rng: Rng
         ) -> Iterator[list[tuple[float, float]]]:
    """What was right and wrong on all days so far, day after day."""
    found: list[tuple[float, float]] = []
    for day in range(count):
        right = int(rng.binomial(items, share(day)))
        found.append((float(right), float(items - right)))
        yield found


def sequences(draws: int, rng: Rng, least: float = 0.8, count: int = 200, items: int = 25
              ) -> dict[str, float]:
    """Over 200 days of 25 labelled items: whether the confidence sequence ever missed the truth,
    whether a fall was ever called where there was none (at the very limit, and with days better and
    worse that are never below it), and days until one was, from day 100 on."""
    ever = false = swaying = 0
    late: list[int] = []
    for _ in range(draws):
        bad = called = False
        for found in days(lambda _: least, count, items, rng):
            right, wrong = np.sum(found, axis=0)
            low, high = confidence_sequence(right, wrong, ALPHA)
            bad |= not low <= least <= high
            called |= evidence_of_a_fall(found, least) >= 1 / ALPHA
        ever, false = ever + bad, false + called
        swaying += any(evidence_of_a_fall(found, least) >= 1 / ALPHA for found in
                       days(lambda day: least + 0.15 * (day % 20 < 10), count, items, rng))
        seen = next((len(found) - 100 for found in
                     days(lambda day: least + 0.05 - 0.15 * (day >= 100), count, items, rng)
                     if evidence_of_a_fall(found, least) >= 1 / ALPHA), count)
        late.append(seen)
    return {"sequence ever missed": ever / draws, "fall ever called, none": false / draws,
            "fall ever called, days sway above": swaying / draws,
            "median days to see 0.85 fall to 0.70": float(np.median(late)),
            "seen before it fell": float(np.mean(np.array(late) <= 0))}


def scenarios(draws: int, rng: Rng) -> Iterator[tuple[str, dict[str, float]]]:
    """Every table, one after another."""
    yield "items alone, 200 and 100", levels(draws, lambda rng: alone(200, 100), rng)
    yield "items alone, 60 and 20", levels(draws, lambda rng: alone(60, 20), rng)
    for before, now in ((60, 100), (20, 50), (10, 50)):
        yield (f"{before} groups of 1 to 8, weighted, and {now} items",
               levels(draws, lambda rng, b=before, n=now: grouped(b, n, rng), rng))
    yield "estimate, 300 and 200 items, no shift", estimated(draws, 300, 200, 0.0, rng)
    yield "estimate, 300 and 200 items, less sure", estimated(draws, 300, 200, 1.0, rng)
    yield "labels, 25 a day for 200 days", sequences(draws, rng)


def main() -> None:
    """Print and keep every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200)
    draws = parser.parse_args().draws
    found = {}
    for name, figures in scenarios(draws, np.random.default_rng(0)):
        found[name] = figures
        print(name, figures, flush=True)
    rows = [f"| {name} | {what} | {value:.3f} |" for name, figures in found.items()
            for what, value in figures.items()]
    error = np.sqrt(ALPHA * (1 - ALPHA) / draws)
    text = "\n".join([
        "# Does a watch keep its word", "",
        f"{draws} draws a row, every level 5%: a share of 5% has an error of {error:.3f}. "
        "Tests and intervals: how often two sides of one distribution are called different, or an "
        "interval misses the truth. Labels: how often at any of 200 looks. "
        "`python -m benchmarks.watching`.",
        "", "| simulated | what | share |", "|---|---|---|", *rows, ""])
    keep("watching", detect(), {"draws": draws, "found": found}, text)


if __name__ == "__main__":
    main()
