"""How often does one of ten tries at the gate pass a rule on a slice, on time or on memory wrongly?

As `benchmarks.attempts` for metrics: sequences of ten candidates, each truly at its limit, by the
gate's own bounds at each attempt's level; a sequence errs where any of them passes.

- *slice*: a named slice of a fourth of the groups, by accuracy, in which each candidate loses just
  the margin; the items are the same for all ten.
- *worst of four slices*: all four lose the margin, and the worst decides.
- *p50*, *p95*: a candidate whose true percentile is exactly the limit times the baseline's. Times
  are log-normal with a heavy tail, and slow spells of the machine fall on both of a pair.
- *memory*: what a process grows by, measured in turns, around a ratio that is exactly the limit.

`python -m benchmarks.attempts_by_rule`; writes `results/attempts-by-rule.json` and `.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from rich.progress import track

from benchmarks.attempts import CHOSEN, RULES, sequence
from benchmarks.kept import keep
from benchmarks.validity import told, truth
from benchmarks.worlds import World
from harness.common.device import detect
from harness.compare.jackknife import leave_out
from harness.compare.pairs import Sample, differences
from harness.compare.pool import Pool
from harness.gate.bounds import ratio_bounds, two_sided
from harness.gate.spending import LIMIT
from harness.gate.timing import PERCENTILES, requests_for, turns_needed
from harness.suite.gate import Resource
from harness.targets.answers import Answers
from harness.targets.metrics import ACCURACY

PLAIN, SLICES, REQUESTS, TIMES = "5% each", 4, 100, 1.5
"""`TIMES` is the limit of a ratio."""
WORLD = World("even 300 x 1, 2 classes")
PERCENTILES_OF, SLOW = ("p50", "p95"), 20
"""Resampling times takes seconds an attempt: of these there are so many times fewer sequences."""
Passes = Callable[[int, int, float], bool]
"""Of a sequence and an attempt in it, both by number, at an alpha: whether the candidate passes."""


def slices(world: World, worst: bool) -> Passes:
    """By a named slice, or the worst of all."""
    true = truth(world)["accuracy"]
    margin = true[1] - true[2]
    kept: dict[int, list[Sliced]] = {}

    def passes(number: int, attempt: int, alpha: float) -> bool:
        if number not in kept:
            kept.clear()
            answers = sequence(world, number, (ACCURACY,))[0]
            kept[number] = [_inside(answers, place) for place in (range(SLICES) if worst else (0,))]
        return all(_drop(one, attempt, alpha) <= margin for one in kept[number])
    return passes


Sliced = tuple[Pool, list[Sample]]
"""The baseline's, a good model's and ten candidates' accuracy in a slice."""


def _inside(answers: Answers, place: int) -> Sliced:
    mine = answers.inside(answers.groups % SLICES == place)
    found = leave_out(mine, (ACCURACY,))
    return found.pool, [Sample(str(i), [float(found.points["accuracy"][i])],
                               found.shifts["accuracy"][i], run.right.astype(float))
                        for i, run in enumerate(mine.runs)]


def _drop(sliced: Sliced, attempt: int, alpha: float) -> float:
    """The most that an attempt's candidate loses in a slice, as `gate.evidence` has it."""
    pool, samples = sliced
    (gap,) = differences(ACCURACY, [samples[1 + attempt], samples[0]], pool,
                         two_sided(1 - alpha)).values()
    return -gap.low


def latency(name: Resource) -> Passes:
    """Ratios of a percentile of times."""
    percentile = PERCENTILES[name]

    def passes(number: int, attempt: int, alpha: float) -> bool:
        level = 1 - alpha
        count = requests_for(REQUESTS, (name,), level)
        rng = np.random.default_rng((7, percentile, number, attempt))
        spells = np.exp(np.abs(rng.standard_t(3, count)) * 0.05)
        one, other = (spells * np.exp(0.1 * rng.standard_normal(count)) for _ in range(2))
        found = ratio_bounds(TIMES * one, other, percentile, number, level)
        return found is not None and found.high <= TIMES
    return passes


def memory(number: int, attempt: int, alpha: float) -> bool:
    """Extremes of turns, as `gate.timing.memory_ratio` has it."""
    turns = turns_needed(1 - alpha)
    rng = np.random.default_rng((8, number, attempt))
    ratios = TIMES * np.exp(0.05 * rng.standard_normal(turns) - 0.05 * rng.standard_normal(turns))
    return bool(ratios.max() <= TIMES)


def rules(world: World) -> Mapping[str, Passes]:
    """By name."""
    return {"slice": slices(world, worst=False), "worst of four slices": slices(world, worst=True),
            "p50": latency("p50_ms"), "p95": latency("p95_ms"), "memory": memory}


def examine(passes: Passes, numbers: Sequence[int]) -> dict[str, int]:
    """Sequences in which any of ten passes, with 5% each and as the gate spends them."""
    tally = dict.fromkeys((PLAIN, CHOSEN), 0)
    for number in numbers:
        for name in tally:
            tally[name] += any(passes(number, attempt, RULES[name](attempt))
                               for attempt in range(1, LIMIT + 1))
    return tally


def table(found: Mapping[str, dict[str, int]], sequences: Mapping[str, int]) -> str:
    """The results as Markdown."""
    return "\n".join(["# Ten tries at the gate, by rule", "",
                      "Shares of sequences in %, ± the Monte-Carlo standard error, in which any of "
                      "ten candidates that are exactly at the limit passes. What is simulated: the "
                      "head of `benchmarks/attempts_by_rule.py`.", "",
                      f"| rule | {PLAIN} | {CHOSEN} | sequences |", "|---|---|---|---|",
                      *_lines(found, sequences), ""])


def _lines(found: Mapping[str, dict[str, int]], sequences: Mapping[str, int]) -> Iterator[str]:
    for rule, tally in found.items():
        of = sequences[rule]
        yield (f"| {rule} | " + " | ".join(told(count / of, of) for count in tally.values())
               + f" | {of} |")


def main() -> None:
    """Simulate every rule, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=1000)
    options = parser.parse_args()
    every = rules(WORLD)
    counts = {name: max(1, options.sequences // (SLOW if name in PERCENTILES_OF else 1))
              for name in every}
    found = {name: examine(passes, range(counts[name])) for name, passes in track([*every.items()])}
    keep("attempts-by-rule", detect(), {"sequences": counts, "rules": found}, table(found, counts))


if __name__ == "__main__":
    main()
