"""Are the statistics true? Methods with known figures, compared as a study compares them.

Their answers are those of `benchmarks.worlds`, of every kind of task. Two methods are copies, a
third is weaker; true figures are read from as many items as 10,000 studies answer, no two of which
go together. Pools are even, lumpy (the largest group holds a quarter) and as suites' test items
come (`pools.json`: group, class, items). A weighted sample is drawn from the pool as suites with
`count: items` draw it, anew for each study, and what is true is the mean over all of the pool's
items.
`make validity`, or `python -m benchmarks.validity`; writes `results/validity.json` and `.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from json import dumps, loads
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks.worlds import FIRST, WORLDS, Sampled, World, pool, sampled, simulate
from harness.common.kinds import Kind
from harness.compare.jackknife import Estimates, jackknife
from harness.compare.pairs import Sample, differences
from harness.gate.bounds import TWO_SIDED
from harness.targets.classification import ClassificationAnswers
from harness.targets.kinds import KINDS
from harness.targets.metric import Metric, Statistic
from harness.targets.metrics import CALIBRATION_ERROR, MICRO_F1_OF_ONE

HERE = Path(__file__).parent
ERROR, TUNED = CALIBRATION_ERROR.name, "calibration_error of a calibrated model"
TRUE_OF, LARGE = 10_000, 40_000
"""Of how many studies' items true figures are read, and of about how many items at once."""
RATES = {"told apart": "copies told apart", "power": "the weaker told apart",
         "at margin": "the weaker passes the gate at its margin",
         "use": "the weaker is to be used where its loss just matters",
         "figure": "95 % interval of a figure holds the truth",
         "difference": "95 % interval of a difference holds the truth"}


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
    metrics, sums = metrics_of(world.kind), 0.0
    error = KINDS[world.kind].find(ERROR)
    rng, found = np.random.default_rng(seed), []
    for _ in range(-(-copies // at_once)):
        answers = simulate(world, Sampled(alone, np.tile(targets, at_once)), rng)
        runs = list(answers.runs)
        found.append([[metric.of(run) for run in runs] for metric in metrics])
        if error is not None:
            sums = sums + np.stack([error.formula().contributions(run).sum(axis=0)
                                    for run in runs])
    true = dict(zip((metric.name for metric in metrics), np.mean(found, axis=0), strict=True))
    # A mean of errors that are never below 0 would hold the noise of each part.
    return true if error is None else true | {ERROR: error.formula().finish(sums.T)}


def metrics_of(kind: Kind) -> tuple[Metric, ...]:
    """What is examined but the calibration error: the share that is right once alone. Of what only
    some tasks have, as questions without an answer, nothing is simulated."""
    own = [metric for metric in KINDS[kind].own if metric.name != ERROR and metric.always]
    return tuple(metric for metric in own if metric is not MICRO_F1_OF_ONE)


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
    tally = {m: dict.fromkeys(RATES, 0) for m in true}
    if world.kind == FIRST:
        tally[TUNED] = {"figure": 0}
    for study in range(studies):
        answers = simulate(world, sampled(world, seed * 1_000_000 + study), rng)
        found = jackknife(answers)
        runs = list(answers.runs)
        for metric in true:
            declared = found.metrics[metric]
            shares = declared.statistic is Statistic.SHARE
            points, shifts = found.points[metric], found.shifts[metric]
            samples = [Sample(str(i), [float(points[i])], shifts[i],
                              runs[i].right.astype(float) if shares else None,
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
        if isinstance(answers, ClassificationAnswers):
            tally[TUNED]["figure"] += holds(
                jackknife(calibrated(answers, rng)), ERROR, 0.0)
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
    parser.add_argument("--kind", choices=KINDS, help="worlds of this kind of task")
    options = parser.parse_args()
    kept = HERE / "results" / "validity.json"
    found = {each["world"]: Found(**each) for each in loads(kept.read_text())}
    for world in track([world for world in WORLDS if options.only in world.name
                        and options.kind in (None, world.kind)]):
        found[world.name] = Found(world.name, options.studies, options.seed,
                                  examine(world, options.studies, options.seed))
        every = [found[each.name] for each in WORLDS if each.name in found]
        kept.write_text(dumps([asdict(each) for each in every], indent=1) + "\n")
        kept.with_suffix(".md").write_text(table(every))


if __name__ == "__main__":
    main()
