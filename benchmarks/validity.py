"""Are the statistics true? Classifiers with known figures, compared as a study compares them.

Each classifier gives every item a score for its true class, made of the classifier's strength,
an item's difficulty that all classifiers share, a group's difficulty, noise of its own, and a
seed's luck. Its true figures are read from a sample 300 times as large. `make validity`,
or `python -m benchmarks.validity`; writes `docs/validity.md` and `results/validity.json`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.progress import track
from scipy.stats import norm

from harness.compare.jackknife import METRICS, Answers, jackknife
from harness.compare.pairs import Sample, differences
from harness.compare.uncertainty import figure

HERE = Path(__file__).parent
METRIC_NAMES = [name for name in METRICS if name not in ("micro_f1", "calibration_error")]
LARGE = 100_000


@dataclass(frozen=True)
class Scenario:
    """A world of classifiers: one strength each; standard deviations of what they share or not."""

    name: str
    strengths: tuple[float, ...] = (1.2, 1.2)
    shares: tuple[float, ...] = (0.4, 0.35, 0.25)
    items: int = 300
    group: int = 1
    """Items in a group, all of one class."""
    item_sd: float = 1.0
    group_sd: float = 0.0
    own_sd: float = 1.0
    seeds: int = 1
    seed_sd: float = 0.0


SCENARIOS = (
    Scenario("two copies, independent items"),
    Scenario("known gap, items of shared difficulty", strengths=(1.2, 1.6), item_sd=1.5),
    Scenario("two copies, groups of 5 items", group=5, group_sd=1.0),
    Scenario("known gap, groups of 5 items", strengths=(1.2, 1.6), group=5, group_sd=1.0),
    Scenario("two copies, 3 seeds that differ", seeds=3, seed_sd=0.15),
    Scenario("known gap, 5 seeds that differ", strengths=(1.2, 1.6), seeds=5, seed_sd=0.15),
    Scenario("two copies, 100 items, a rare class", items=100, shares=(0.6, 0.3, 0.1)),
    Scenario("eight copies: any pair found different", strengths=(1.2,) * 8),
)


def simulate(world: Scenario, items: int, luck: np.ndarray, rng: np.random.Generator) -> Answers:
    """Answers of every classifier's seeds, classifier by classifier; `luck` [both]."""
    groups = items // world.group
    counts = np.round(np.array(world.shares) * groups).astype(int)
    of_group = np.repeat(np.arange(len(counts)), counts)
    numbers = np.repeat(np.arange(len(of_group)), world.group)
    targets = of_group[numbers]
    classes = len(world.shares)
    shared = (rng.normal(0, world.item_sd, len(targets))
              + rng.normal(0, world.group_sd, len(of_group))[numbers])
    probabilities = []
    for strength, seeds in zip(world.strengths, luck, strict=True):
        for chance in seeds:
            scores = rng.normal(0, world.own_sd, (len(targets), classes))
            scores[np.arange(len(targets)), targets] += strength + chance + shared
            odds = np.exp(scores - scores.max(axis=1, keepdims=True))
            probabilities.append(odds / odds.sum(axis=1, keepdims=True))
    return Answers(probabilities, targets, numbers)


def truth(world: Scenario) -> dict[str, np.ndarray]:
    """Each metric of each classifier, [classifiers], over very many items and 10 seeds."""
    count, seeds = len(world.strengths), 10 if world.seed_sd else 1
    # Evenly spaced quantiles of luck instead of draws, whose mean would be off.
    luck = np.tile(norm.ppf((np.arange(seeds) + 0.5) / seeds) * world.seed_sd, (count, 1))
    points = jackknife(simulate(world, LARGE, luck, np.random.default_rng(1))).points
    return {m: points[m].reshape(count, seeds).mean(axis=1) for m in METRIC_NAMES}


def examine(world: Scenario, studies: int) -> dict[str, dict[str, float]]:
    """By metric: how often intervals hold the truth, and how often copies are told apart."""
    true, rng, count = truth(world), np.random.default_rng(2), len(world.strengths)
    copies = len(set(world.strengths)) == 1
    tally = {m: {"figure": 0, "difference": 0, "alarms": 0} for m in METRIC_NAMES}
    for _ in track(range(studies), description=world.name):
        luck = rng.normal(0, world.seed_sd, (count, world.seeds))
        answers = simulate(world, world.items, luck, rng)
        found = jackknife(answers)
        right = (answers.chosen & answers.actual).any(axis=2)
        by_item = right.reshape(count, world.seeds, -1).mean(axis=1)
        for metric in METRIC_NAMES:
            points = found.points[metric].reshape(count, world.seeds)
            values = found.shifts[metric].reshape(count, world.seeds, -1)
            one = figure(metric, points[0].tolist(), values[0], found.pool)
            shares = metric in found.pool.shares
            pairs = differences(metric, [
                Sample(str(i), points[i].tolist(), values[i].mean(axis=0),
                       by_item[i] if shares else None) for i in range(count)], found.pool)
            first = pairs["0", "1"]
            gap = 0.0 if copies else true[metric][0] - true[metric][1]
            tally[metric]["figure"] += one.low <= true[metric][0] <= one.high
            tally[metric]["difference"] += first.low <= gap <= first.high
            tally[metric]["alarms"] += copies and any(p.significant for p in pairs.values())
    return {metric: {what: n / studies for what, n in counts.items()
                     if what != "alarms" or copies} for metric, counts in tally.items()}


def table(found: dict[str, dict[str, dict[str, float]]], studies: int) -> str:
    """The results as Markdown."""
    error = 100 * (0.05 * 0.95 / studies) ** 0.5
    rows = [f"| {name} | {metric.replace('_', ' ')} | "
            + (f"{100 * r['alarms']:.1f} %" if "alarms" in r else "–")
            + f" | {100 * r['difference']:.1f} % | {100 * r['figure']:.1f} % |"
            for name, metrics in found.items() for metric, r in metrics.items()]
    return "\n".join([
        f"{studies} simulated studies a line; the Monte-Carlo standard error of a share of 5 % (or "
        f"95 %) is {error:.1f} points.", "",
        "| world | metric | copies told apart | 95 % interval of the difference holds the truth "
        "| 95 % interval of a figure holds the truth |", "|---|---|---|---|---|", *rows, ""])


def main() -> None:
    """Examine every scenario and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000)
    studies = parser.parse_args().studies
    found = {world.name: examine(world, studies) for world in SCENARIOS}
    text = table(found, studies)
    page = HERE.parent / "docs" / "validity.md"
    head = page.read_text().split("<!-- table -->")[0] if page.exists() else "# Validity\n\n"
    page.parent.mkdir(exist_ok=True)
    page.write_text(f"{head}<!-- table -->\n\n{text}")
    (HERE / "results" / "validity.json").write_text(json.dumps(
        {"studies": studies, "found": found,
         "scenarios": [asdict(world) for world in SCENARIOS]}, indent=1) + "\n")
    print(text)


if __name__ == "__main__":
    main()
