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
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from rich.progress import track

from benchmarks.kept import keep
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
WORLDS = (World("even 300 x 1, 2 classes"), World("lumpy 44 x 3, 2 classes"),
          World("legal-300", (0.3, 0.3, -0.3)), World("legal-300"),
          World("legal-300", (4.0, 4.0, 3.0)))
SHORT = World("even 20 x 5, 2 classes")


def sequence(world: World, seed: int, rng: np.random.Generator, metrics: tuple[Metric, ...]
             ) -> tuple[Answers, Estimates]:
    """The baseline, a model as good, and ten that are worse by the margin, on a study's items."""
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


def examine(world: World, sequences: int, seed: int = 3) -> dict[str, dict[str, dict[str, float]]]:
    """By metric and rule: the share of sequences in which any of ten at the margin passes, and of
    models as good as the baseline that pass as the k-th."""
    rng, true = np.random.default_rng(seed), truth(world)
    metrics = tuple(metric for metric in metrics_of(world.kind) if metric.name in true)
    wrong = {m.name: dict.fromkeys(RULES, 0) for m in metrics}
    right = {m.name: {rule: dict.fromkeys(AT, 0) for rule in RULES} for m in metrics}
    for number in range(sequences):
        answers, found = sequence(world, seed * 1_000_000 + number, rng, metrics)
        for metric in metrics:
            baseline, good, *worse = _samples(metric, answers, found)
            margin = metric.gain(1.0) * (true[metric.name][1] - true[metric.name][2])
            of_good = least_alpha(metric, baseline, good, found.pool, margin)
            least = [least_alpha(metric, baseline, one, found.pool, margin) for one in worse]
            for rule, spends in RULES.items():
                wrong[metric.name][rule] += any(
                    alpha <= spends(k) for k, alpha in enumerate(least, 1))
                for k in AT:
                    right[metric.name][rule][k] += of_good <= spends(k)
    return {metric: {rule: {"wrong": wrong[metric][rule] / sequences,
                            **{f"power {k}": n / sequences for k, n in by_k.items()}}
                     for rule, by_k in by_rule.items()} for metric, by_rule in right.items()}


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


def table(found: Mapping[str, dict[str, dict[str, dict[str, float]]]], analyst: Mapping[str, float],
          sequences: int) -> str:
    """The results as Markdown."""
    rows = [f"| {world} | {metric.replace('_', ' ')} | {rule} | "
            + " | ".join(told(share, sequences) for share in shares.values()) + " |"
            for world, metrics in found.items() for metric, rules in metrics.items()
            for rule, shares in rules.items()]
    fits = [f"| {what} | {told(share, sequences)} |" for what, share in analyst.items()]
    return "\n".join([
        "# Ten tries at the gate", "",
        f"{sequences} sequences a line, shares in %, ± the Monte-Carlo standard error. *Passes "
        "wrongly*: sequences of ten candidates, each truly worse by just the margin, of which any "
        "passes. *Good as k-th*: a model as good as the baseline passes where it is the k-th "
        f"attempt. The gate spends {CHOSEN}. `make validity`; what is computed: "
        "[docs/validity.md](../../docs/validity.md).", "",
        "| pool, strengths | metric | the k-th may spend | passes wrongly | "
        + " | ".join(f"good as {k}." for k in AT) + " |",
        "|---|---|---|" + "---|" * (1 + len(AT)), *rows, "",
        "An analyst who fits the last candidate to what was told of the others, 1,000 items, "
        f"{CHOSEN}:", "", "| attempts, told | passes wrongly |", "|---|---|", *fits, ""])


def main() -> None:
    """Simulate all and keep the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=1000)
    parser.add_argument("--only", default="", help="worlds whose name holds this")
    sequences = parser.parse_args().sequences
    found = {world.name: examine(world, sequences) for world in track(WORLDS)}
    analyst = {f"{attempts}, {'figures' if figures else 'the outcome'}":
               fitted(attempts, 1_000, figures, sequences)
               for attempts in (LIMIT, 5 * LIMIT) for figures in (False, True)}
    keep("attempts", detect(), {"sequences": sequences, "rules": found, "analyst": analyst},
         table(found, analyst, sequences))


if __name__ == "__main__":
    main()
