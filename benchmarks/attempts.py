"""How often does one of ten tries at the gate pass wrongly, and what does that cost a good model?

Sequences of ten candidates, each truly worse than the baseline by just the margin, on the same
items: a sequence errs where any of them passes. Their answers are those of `benchmarks.worlds`;
margins are the true losses, as `benchmarks.validity` reads them. Compared are rules for what the
k-th attempt may spend of 5%. Beside it stands how often a model as good as the baseline passes,
where it is the k-th.

An analyst may fit the last candidate to what the gate told of those before. Where figures are
told, answers that are right by chance can be weighted by how they scored (Blum and Hardt, The
Ladder, ICML 2015, section 4); where the outcome alone is, nothing was told while none passed. Both
are simulated.
`make validity`, or `python -m benchmarks.attempts`; writes `results/attempts.json` and `.md`.
"""

from __future__ import annotations

import argparse
import json
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from rich.progress import track

from benchmarks.kept import keep, kept
from benchmarks.validity import metrics_of, told, truth
from benchmarks.worlds import World, sampled, simulate
from harness.common.device import detect
from harness.compare.jackknife import Estimates, leave_out
from harness.compare.pairs import Sample, differences
from harness.compare.pool import Pool
from harness.gate.bounds import two_sided
from harness.gate.spending import ALPHA, LIMIT, alpha_of
from harness.targets.answers import Answers
from harness.targets.metric import Metric, Statistic
from harness.targets.metrics import ACCURACY

CHOSEN = "5% / k (k + 1)"
RULES: Mapping[str, Callable[[int], float]] = {
    "5% each": lambda k: ALPHA,
    CHOSEN: alpha_of,
    "6 · 5% / π² k²": lambda k: 6 * ALPHA / (np.pi * k) ** 2,
    "5% / 10": lambda k: ALPHA / LIMIT,
    "5% / 2.93 k": lambda k: ALPHA / (k * sum(1 / i for i in range(1, LIMIT + 1))),
}
"""What the k-th of ten attempts may spend."""
ALPHAS = sorted({rule(k) for rule in RULES.values() for k in range(1, LIMIT + 1)})
AT = (1, 2, 3, 5, 10)
"""Attempts at which a good model's chance is told."""
WRONG, POWER, SEED = "passes wrongly", "good as {}.", 3
Counts = dict[str, dict[str, dict[str, int]]]
"""By metric, rule and what is counted."""
WORLDS = (World("even 300 x 1, 2 classes"), World("lumpy 44 x 3, 2 classes"),
          World("legal-300", (0.3, 0.3, -0.3)), World("legal-300"),
          World("legal-300", (4.0, 4.0, 3.0)))
SHORT = World("even 20 x 5, 2 classes")


def sequence(world: World, number: int, metrics: tuple[Metric, ...]) -> tuple[Answers, Estimates]:
    """The baseline, a model as good, and ten that are worse by the margin, on a study's items."""
    seed, rng = SEED * 1_000_000 + number, np.random.default_rng((SEED, number))
    good, _, worse = world.strengths
    runs = replace(world, strengths=(good, good, *[worse] * LIMIT))
    answers = simulate(runs, sampled(world, seed), rng)
    return answers, leave_out(answers, metrics)


def least_alpha(metric: Metric, baseline: Sample, candidate: Sample, pool: Pool, margin: float
                ) -> float:
    """The least of `ALPHAS` with which a candidate passes, losing no more than the margin; infinite
    where it does not with any."""
    sign = metric.gain(1.0)

    def passes(alpha: float) -> bool:
        (gap,) = differences(metric, [candidate, baseline], pool, two_sided(1 - alpha)).values()
        return bool((gap.low if sign > 0 else -gap.high) >= -margin)

    # Most are shown not to at once.
    return ALPHAS[bisect_left(ALPHAS[:-1], True, key=passes)] if passes(ALPHAS[-1]) else np.inf


def examine(world: World, numbers: Sequence[int], metrics: Sequence[Metric] = ()) -> Counts:
    """Of the sequences of these numbers, by metric (or all) and rule: in how many any of ten at the
    margin passes, and how many models as good as the baseline pass as the k-th."""
    true, metrics = truth(world), tuple(metrics) or metrics_of(world.kind)
    tally = {m.name: {rule: dict.fromkeys((WRONG, *map(POWER.format, AT)), 0) for rule in RULES}
             for m in metrics}
    for number in numbers:
        answers, found = sequence(world, number, metrics)
        for metric in metrics:
            baseline, good, *worse = _samples(metric, answers, found)
            margin = metric.gain(1.0) * (true[metric.name][1] - true[metric.name][2])
            of_good = least_alpha(metric, baseline, good, found.pool, margin)
            least = [least_alpha(metric, baseline, one, found.pool, margin) for one in worse]
            for rule, spends in RULES.items():
                counts = tally[metric.name][rule]
                counts[WRONG] += any(alpha <= spends(k) for k, alpha in enumerate(least, 1))
                for k in AT:
                    counts[POWER.format(k)] += of_good <= spends(k)
    return tally


def _samples(metric: Metric, answers: Answers, found: Estimates) -> list[Sample]:
    points, shifts = found.points[metric.name], found.shifts[metric.name]
    shares = metric.statistic is Statistic.SHARE
    return [Sample(str(i), [float(points[i])], shifts[i],
                   run.right.astype(float) if shares else None)
            for i, run in enumerate(answers.runs)]


def fitted(attempts: int, items: int, figures: bool, sequences: int, seed: int = 4) -> float:
    """How often any of some attempts passes by accuracy, where all are right by chance and the
    last one is fitted to what was told: `figures`, or nothing.

    The baseline is right on all items, a candidate on half of those that are hard; that is the
    margin. The fitted one answers a hard item as the others did, weighted by what they scored.
    """
    rng, hard, passed = np.random.default_rng(seed), items * 2 // 5, 0
    pool, margin = Pool.even(items), hard / items / 2
    one = _share(np.ones(items), "baseline")
    for _ in range(sequences):
        answers = rng.choice([-1.0, 1.0], size=(attempts, hard))
        for k in range(1, attempts + 1):
            scores = answers[:k - 1].mean(axis=1) if figures else np.zeros(k - 1)
            sides = scores @ answers[:k - 1] if k == attempts else np.zeros(hard)
            right = np.where(sides == 0, answers[k - 1], sides) > 0
            scored = _share(np.concatenate([right, np.ones(items - hard)]), "candidate")
            (gap,) = differences(ACCURACY, [scored, one], pool,
                                 two_sided(1 - alpha_of(k))).values()
            if gap.low >= -margin:
                passed += 1
                break
    return passed / sequences


def _share(right: np.ndarray, name: str) -> Sample:
    n, mean = len(right), float(right.mean())
    return Sample(name, [mean], (right - mean) / n * (n / (n - 1)) ** 0.5, right)


@dataclass(frozen=True)
class Found:
    """What so many sequences of a world showed."""

    world: str
    sequences: int
    counts: Counts


@dataclass(frozen=True)
class Fitted:
    """How often an analyst passed wrongly."""

    attempts: int
    told: str
    sequences: int
    share: float


def table(found: Sequence[Found], analyst: Sequence[Fitted]) -> str:
    """The results as Markdown."""
    rows = [f"| {each.world} | {metric.replace('_', ' ')} | {rule} | "
            + " | ".join(told(count / each.sequences, each.sequences)
                         for count in counts.values()) + f" | {each.sequences} |"
            for each in found for metric, rules in each.counts.items()
            for rule, counts in rules.items()]
    fits = [f"| {one.attempts} | {one.told} | {told(one.share, one.sequences)} | {one.sequences} |"
            for one in analyst]
    return "\n".join([
        "# Ten tries at the gate", "",
        "Shares of sequences in %, ± the Monte-Carlo standard error. *Passes "
        "wrongly*: sequences of ten candidates, each truly worse by just the margin, of which any "
        "passes. *Good as k-th*: a model as good as the baseline passes where it is the k-th "
        f"attempt. The gate spends {CHOSEN}. `make validity`; what is computed: "
        "[docs/validity.md](../../docs/validity.md).", "",
        f"| pool, strengths | metric | the k-th may spend | {WRONG} | "
        + " | ".join(map(POWER.format, AT)) + " | sequences |",
        "|---|---|---|" + "---|" * (2 + len(AT)), *rows, "",
        "An analyst who fits the last candidate to what was told of the others, 1,000 items, "
        f"{CHOSEN}:", "", f"| attempts | told | {WRONG} | sequences |", "|---|---|---|---|", *fits,
        ""])


def main() -> None:
    """Simulate worlds and analysts, and write the tables with what was found of other worlds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=1000)
    parser.add_argument("--only", default="", help="worlds whose name holds this")
    options = parser.parse_args()
    analyst = [Fitted(attempts, what, options.sequences, fitted(
        attempts, 1_000, what == "figures", options.sequences))
        for attempts in (LIMIT, 5 * LIMIT) for what in ("the outcome", "figures")]
    for world in track([world for world in WORLDS if options.only in world.name]):
        write([Found(world.name, options.sequences, examine(world, range(options.sequences)))],
              analyst)


def write(found: Sequence[Found], analyst: Sequence[Fitted]) -> None:
    """Keep what was found of some worlds, with that of the others, and the tables."""
    device = detect()
    path = kept("attempts", device)
    before = json.loads(path.read_text(encoding="utf-8"))["worlds"] if path.exists() else []
    of = {each["world"]: Found(**each) for each in before} | {each.world: each for each in found}
    every = [of[world.name] for world in WORLDS if world.name in of]
    keep("attempts", device, {"worlds": [asdict(each) for each in every],
                              "analyst": [asdict(one) for one in analyst]},
         table(every, analyst))


if __name__ == "__main__":
    main()
