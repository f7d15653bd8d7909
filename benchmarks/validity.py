"""Are the statistics true? Classifiers with known figures, compared as a study compares them.

Each classifier gives every item a score for its true class, made of the classifier's strength, an
item's and a group's difficulty that all share, a group's difficulty of its own, a group's leaning
to wrong classes, and noise. Two classifiers are copies, a third is weaker; true figures are read
from as many items as 10,000 studies answer, no two of which go together. Pools are even, lumpy (the
largest group holds a quarter) and as suites' test items come (`pools.json`: group, class, items). A
weighted sample is drawn from the pool as suites with `count: items` draw it, anew for each study,
and what is true is the mean over all of the pool's items. `make validity`, or `python -m
benchmarks.validity`; writes `results/validity.json` and `.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import product
from json import dumps, loads
from pathlib import Path

import numpy as np
from rich.progress import track

from harness.compare.jackknife import Estimates, jackknife
from harness.compare.pairs import Sample, differences
from harness.gate.bounds import TWO_SIDED
from harness.measure.quality import quality
from harness.targets.classification import ClassificationAnswers
from harness.targets.kinds import KINDS
from harness.targets.metric import Statistic
from harness.targets.metrics import CALIBRATION_ERROR
from harness.tasks.drawing import draw_sizes
from harness.tasks.weighting import weights

HERE = Path(__file__).parent
ERROR, TUNED = CALIBRATION_ERROR.name, "calibration_error of a calibrated model"
METRIC_NAMES = [metric.name for metric in KINDS["classification"].own
                if metric.name not in ("micro_f1", ERROR)]
TRUE_OF, LARGE = 10_000, 40_000
"""Of how many studies' items true figures are read, and of about how many items at once."""
RATES = {"told apart": "copies told apart", "power": "the weaker told apart",
         "at margin": "the weaker passes the gate at its margin",
         "use": "the weaker is to be used where its loss just matters",
         "figure": "95 % interval of a figure holds the truth",
         "difference": "95 % interval of a difference holds the truth"}


@dataclass(frozen=True)
class World:
    """A pool of test items, and how strong classifiers are on it."""

    pool: str
    strengths: tuple[float, ...] = (1.2, 1.2, 0.6)
    drawn: int | None = None
    """Items of a weighted sample; None where all of the pool are answered."""
    item_sd: float = 1.0
    group_sd: float = 1.0
    own_group_sd: float = 0.7
    lean_sd: float = 0.5
    own_sd: float = 1.0

    @property
    def name(self) -> str:
        """Pool, sample and strengths."""
        drawn = "" if self.drawn is None else f", {self.drawn} weighted"
        return f"{self.pool}{drawn}, {' / '.join(f'{s:g}' for s in self.strengths)}"


POOLS = ("even 10 x 10, 2 classes", "even 20 x 5, 2 classes", "even 44 x 3, 6 classes",
         "even 300 x 1, 2 classes", "even 308 x 1, 77 classes", "lumpy 20 x 5, 2 classes",
         "lumpy 44 x 3, 2 classes", "legal-100", "legal-300", "privacy-100", "sentiment-100")
SAMPLES = (("lumpy 60 x 20, 2 classes", 100), ("legal-test", 100), ("legal-test", 300),
           ("privacy-test", 100), ("sentiment-test", 100))
STRENGTHS = ((0.3, 0.3, -0.3), (1.2, 1.2, 0.6), (4.0, 4.0, 3.0))
WORLDS = (*(World(pool, strengths) for pool, strengths in product(POOLS, STRENGTHS)),
          *(World(pool, strengths, drawn) for (pool, drawn), strengths in product(
              SAMPLES, STRENGTHS)))
SHORT = (World("even 20 x 5, 2 classes"), World("lumpy 44 x 3, 2 classes"), World("legal-100"),
         World("even 10 x 10, 2 classes", (4.0, 4.0, 3.0)),
         World("lumpy 60 x 20, 2 classes", drawn=100))


@cache
def pool(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Group and class of each item: [items] each."""
    kind, _, rest = name.partition(" ")
    if kind not in ("even", "lumpy"):
        parts = np.array(loads((HERE / "pools.json").read_text())[name])
        return np.repeat(parts[:, 0], parts[:, 2]), np.repeat(parts[:, 1], parts[:, 2])
    groups, size, classes = (int(word) for word in rest.replace("x", "").split()
                             if word.strip(",").isdigit() for word in (word.strip(","),))
    sizes = np.full(groups, size)
    if kind == "lumpy":
        sizes[0] = groups * size // 3  # a quarter of all
    return (np.repeat(np.arange(groups), sizes),
            np.repeat(np.arange(groups) % classes, sizes))


@dataclass(frozen=True)
class Sampled:
    """Groups, numbered from 0, classes and weights of a study's items: [items] each."""

    groups: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None = None


def sampled(world: World, seed: int) -> Sampled:
    """The items of one study of a world."""
    groups, targets = pool(world.pool)
    if world.drawn is None:
        return Sampled(groups, targets)
    order = draw_sizes(np.arange(len(targets), dtype=np.uint64), targets, groups, seed)
    own = order[:world.drawn]
    return Sampled(np.unique(groups[own], return_inverse=True)[1], targets[own],
                   weights(targets[order], groups[order], world.drawn))


def simulate(world: World, items: Sampled, rng: np.random.Generator) -> ClassificationAnswers:
    """What every classifier answers on the items."""
    groups, targets, size = items.groups, items.targets, len(items.targets)
    classes, count = int(targets.max()) + 1, int(groups.max()) + 1
    shared = rng.normal(0, world.item_sd, size) + rng.normal(0, world.group_sd, count)[groups]
    probabilities = []
    for strength in world.strengths:
        scores = (rng.normal(0, world.own_sd, (size, classes))
                  + rng.normal(0, world.lean_sd, (count, classes))[groups])
        scores[np.arange(size), targets] += (
            strength + shared + rng.normal(0, world.own_group_sd, count)[groups])
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities.append(odds / odds.sum(axis=1, keepdims=True))
    return ClassificationAnswers(probabilities, targets, groups, items.weights)


def truth(world: World, studies: int = TRUE_OF, seed: int = 1) -> dict[str, np.ndarray]:
    """Each metric of each classifier, [classifiers], over the items of so many studies.

    An error here moves all studies' limits to one side, the same in every one of them. A metric of
    ever more copies of a pool hangs on what each item is answered by itself, not on which items are
    hard together, so here each is a group of its own: the error is then no more than a study's over
    the root of `studies`, a hundredth, which moves a rate of 5% by 0.1 points (one standard error).
    """
    _, targets = pool(world.pool)
    size = len(targets)
    copies = -(-studies * (world.drawn or size) // size)
    at_once = min(copies, max(2, LARGE // size))
    alone = np.arange(at_once * size)
    labels = tuple(str(c) for c in range(int(targets.max()) + 1))
    rng, found, formula, gaps = np.random.default_rng(seed), [], CALIBRATION_ERROR.formula(), 0.0
    for _ in range(-(-copies // at_once)):
        answers = simulate(world, Sampled(alone, np.tile(targets, at_once)), rng)
        found.append([quality(p, answers.targets, labels) for p in answers.probabilities])
        gaps = gaps + np.stack([formula.contributions(run).sum(axis=0) for run in answers.runs])
    # A mean of errors that are never below 0 would hold the noise of each part.
    return {ERROR: formula.finish(gaps.T)} | {
        m: np.mean([[getattr(each, m) for each in part] for part in found], axis=0)
        for m in METRIC_NAMES}


def calibrated(answers: ClassificationAnswers, rng: np.random.Generator) -> ClassificationAnswers:
    """Items whose classes are drawn by what the first classifier answers: its error is 0."""
    chances = answers.probabilities[0]
    drawn = (rng.random((len(chances), 1)) > chances.cumsum(axis=1)).sum(axis=1)
    return ClassificationAnswers([chances], np.minimum(drawn, chances.shape[1] - 1), answers.groups,
                   answers.weights)


def holds(found: Estimates, metric: str, true: float) -> bool:
    """Whether the interval of the first classifier's figure holds the truth."""
    one = found.figure(metric, [0])
    return one is not None and one.low <= true <= one.high


def examine(world: World, studies: int, seed: int = 2) -> dict[str, dict[str, float]]:
    """By metric: the share of studies of each of `RATES`."""
    true = truth(world)
    rng = np.random.default_rng(seed)
    tally = {m: dict.fromkeys(RATES, 0) for m in (*METRIC_NAMES, ERROR)} | {TUNED: {"figure": 0}}
    for study in range(studies):
        answers = simulate(world, sampled(world, seed * 1_000_000 + study), rng)
        found = jackknife(answers)
        right = [run.right.astype(float) for run in answers.runs]
        for metric in (*METRIC_NAMES, ERROR):
            declared = found.metrics[metric]
            points, shifts = found.points[metric], found.shifts[metric]
            samples = [Sample(str(i), [float(points[i])], shifts[i],
                              right[i] if declared.statistic is Statistic.SHARE else None,
                              ends=found.ends(metric, [i])) for i in range(len(points))]
            pairs = differences(declared, samples, found.pool)
            gate = differences(declared, samples[1:], found.pool, TWO_SIDED)["1", "2"]
            sign = declared.gain(1.0)
            copies, gap = pairs["0", "1"], pairs["1", "2"]
            lost = true[metric][1] - true[metric][2]
            tally[metric]["figure"] += holds(found, metric, true[metric][0])
            tally[metric]["difference"] += gap.low <= lost <= gap.high
            tally[metric]["told apart"] += copies.p_value < 0.05
            tally[metric]["power"] += gap.p_value < 0.05
            # What the weaker may lose at the most is just what it truly loses.
            tally[metric]["at margin"] += (gate.high if sign > 0 else -gate.low) <= sign * lost
            tally[metric]["use"] += (gap.at_most if sign > 0 else -gap.at_least) <= sign * lost
        tally[TUNED]["figure"] += holds(jackknife(calibrated(answers, rng)), ERROR, 0.0)
    return {metric: {what: n / studies for what, n in counts.items()}
            for metric, counts in tally.items()}


@dataclass(frozen=True)
class Found:
    """What so many studies of a world showed."""

    world: str
    studies: int
    seed: int
    rates: dict[str, dict[str, float]]
    """As `examine` has them."""


def told(rate: float, studies: int) -> str:
    """A rate and its Monte-Carlo standard error, with two studies more on either side, so that none
    of so few is not sure (Agresti and Coull, American Statistician 52, 1998)."""
    share = (rate * studies + 2) / (studies + 4)
    return f"{100 * rate:.1f} ± {100 * (share * (1 - share) / (studies + 4)) ** 0.5:.1f}"


def table(found: Sequence[Found]) -> str:
    """The results as Markdown."""
    rows = [f"| {each.world} | {metric.replace('_', ' ')} | "
            + " | ".join(told(rates[what], each.studies) if what in rates else "–"
                         for what in RATES)
            + f" | {each.studies}, {each.seed} |"
            for each in found for metric, rates in each.rates.items()]
    return "\n".join([
        "# Are the statistics true?", "",
        f"{len(found)} of {len(WORLDS)} worlds. Shares of simulated studies in %, ± the "
        "Monte-Carlo standard error. Of a pool whose items are *weighted*, each study answers a "
        "sample drawn over groups by their sizes; what is true is the mean over all items. `make "
        "validity`; what is computed: [docs/validity.md](../../docs/validity.md).", "",
        f"| pool, strengths | metric | {' | '.join(RATES.values())} | studies, seed |",
        "|---|---|" + "---|" * (1 + len(RATES)), *rows, ""])


def main() -> None:
    """Examine worlds, and write the table with what was found of the others before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2, help="of the simulated answers")
    parser.add_argument("--only", default="", help="worlds whose name holds this")
    options = parser.parse_args()
    kept = HERE / "results" / "validity.json"
    found = {each["world"]: Found(**each) for each in loads(kept.read_text())}
    for world in track([world for world in WORLDS if options.only in world.name]):
        found[world.name] = Found(world.name, options.studies, options.seed,
                                  examine(world, options.studies, options.seed))
        every = [found[each.name] for each in WORLDS if each.name in found]
        kept.write_text(dumps([asdict(each) for each in every], indent=1) + "\n")
        kept.with_suffix(".md").write_text(table(every))


if __name__ == "__main__":
    main()
