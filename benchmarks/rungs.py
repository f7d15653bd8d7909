"""Do pairs of which one answered fewer items hold? Methods with known figures, on nested samples.

A dear method answers the first items of a sample, three cheap ones all of it; one of them is a copy
of the dear one, another is weaker. Answers are those of `benchmarks.worlds`, samples
are drawn as budgets draw them, and pairs are compared as reports compare them: on the items that
both answered, with the answers of others to the rest as controls (`harness.compare.rungs`). Beside
it stand the same studies without controls. True is each metric on ever more items of such classes.
`make validity`, or `python -m benchmarks.rungs`; writes `results/rungs.json` and `.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from json import loads

import numpy as np
from rich.progress import track

from benchmarks.kept import keep, kept
from benchmarks.validity import told
from benchmarks.worlds import Sampled, World, pool, simulate
from harness.common.device import detect
from harness.compare.arms import Arm, Measured, arms_of
from harness.compare.jackknife import leave_out
from harness.compare.pairs import ALPHA, Difference
from harness.compare.rungs import differences_of
from harness.study.identity import Identity
from harness.study.record import Record, Status
from harness.targets.kinds import KINDS
from harness.tasks.drawing import DRAWS
from harness.tasks.weighting import weights

METRICS = tuple(map(KINDS["classification"].metric, ("accuracy", "macro_f1", "roc_auc",
                                                     "log_loss")))
NAMES = ("dear", "twin", "weaker", "another")
PAIRS = {"the twin": (0, 1), "the weaker": (0, 2)}
RATES = {"told": "told apart", "holds": "interval holds the truth",
         "plain told": "without controls: told apart", "plain holds": "holds the truth",
         "left": "width left by controls"}
LARGE = 160_000
"""Items that true figures are read from."""


@dataclass(frozen=True)
class Ladder:
    """A sample, and how many of its items the dear method answers."""

    pool: str
    few: int
    many: int
    strengths: tuple[float, ...] = (1.2, 1.2, 0.6, 0.9)
    over: str = "groups"

    @property
    def name(self) -> str:
        """Pool, items and strengths."""
        weighted = ", weighted" if self.over == "sizes" else ""
        return f"{self.pool}, {self.few} of {self.many}{weighted}, " + " / ".join(
            f"{each:g}" for each in self.strengths)


MIDDLE, HIGH = (1.2, 1.2, 0.6, 0.9), (4.0, 4.0, 3.0, 3.5)
LADDERS = (
    *(Ladder("even 300 x 1, 2 classes", 100, 300, each) for each in (MIDDLE, HIGH)),
    Ladder("even 300 x 1, 2 classes", 40, 300), Ladder("even 100 x 3, 6 classes", 100, 300),
    *(Ladder("legal-test", 100, 300, each) for each in (MIDDLE, HIGH)),
    Ladder("lumpy 60 x 20, 2 classes", 100, 300, over="sizes"),
    Ladder("legal-test", 100, 300, over="sizes"))
SHORT = Ladder("even 300 x 1, 2 classes", 100, 300)


def study(ladder: Ladder, seed: int, rng: np.random.Generator) -> tuple[tuple[Arm, ...], Measured]:
    """One study: what all answered of the first items, and above it what the cheap did of all."""
    groups, targets = pool(ladder.pool)
    order = DRAWS[ladder.over](np.arange(len(targets), dtype=np.uint64), targets, groups, seed)
    own = order[:ladder.many]
    given = simulate(World(ladder.pool, ladder.strengths), Sampled(
        np.unique(groups[own], return_inverse=True)[1], targets[own]), rng)
    found: Measured | None = None
    for size, first in ((ladder.many, 1), (ladder.few, 0)):
        answers = given.inside(np.arange(ladder.many) < size)
        names = NAMES[first:]
        answers = replace(answers, probabilities=answers.probabilities[first:], weights=None
                          if ladder.over == "groups" else weights(
                              targets[order], groups[order], size))
        found = Measured(tuple(map(str, range(size))), answers, leave_out(answers, METRICS),
                         np.zeros((0, 0)), np.zeros(0), {n: i for i, n in enumerate(names)},
                         above=found)
    arms = arms_of([_record(name) for name in NAMES])
    return arms, found


def _record(name: str) -> Record:
    return Record.model_construct(
        identity=Identity.model_construct(
            run_id=name, backbone=None, label=name, method=name, family="full", seed=0,
            random=False, ceiling=False, inner=None, budget={"train": 1}, device_type="cpu",
            autocast="none"),
        status=Status(state="ok"), curve=())


def truth(ladder: Ladder) -> np.ndarray:
    """Of each metric and method, by items no two of which go together: [metrics, methods]. Weighted
    means are over the pool, others over the classes' shares in a sample."""
    groups, targets = pool(ladder.pool)
    if ladder.over == "groups":
        own = DRAWS["groups"](np.arange(len(targets), dtype=np.uint64), targets, groups, 0)
        targets = targets[own[:ladder.many]]
    found = []
    at_once = np.tile(targets, max(1, 40_000 // len(targets)))
    for part in range(LARGE // len(at_once)):
        given = simulate(World(ladder.pool, ladder.strengths), Sampled(
            np.arange(len(at_once)), at_once), np.random.default_rng([1, part]))
        found.append([[metric.of(run) for run in given.runs] for metric in METRICS])
    return np.mean(found, axis=0)


def examine(ladder: Ladder, studies: int, seed: int = 2) -> dict[str, dict[str, float]]:
    """By metric and pair: the share of studies of each of `RATES`."""
    true, rng = truth(ladder), np.random.default_rng(seed)
    rows: dict[str, list[dict[str, float]]] = {}
    for number in range(studies):
        arms, measured = study(ladder, seed * 1_000_000 + number, rng)
        for place, metric in enumerate(METRICS):
            controlled, plain = (differences_of(arms, each, metric, 1 - ALPHA, len(arms))
                                 for each in (measured, replace(measured, above=None)))
            for pair, (one, other) in PAIRS.items():
                names = NAMES[one], NAMES[other]
                gap = true[place][one] - true[place][other]
                rows.setdefault(f"{metric.name}: {pair}", []).append(dict(
                    _of(controlled[names], gap), left=controlled[names].left,
                    **{f"plain {what}": is_so for what, is_so in _of(plain[names], gap)}))
    return {what: {rate: float(np.mean([row[rate] for row in each])) for rate in RATES}
            for what, each in rows.items()}


def _of(found: Difference, true: float) -> Iterator[tuple[str, bool]]:
    yield "told", found.p_value < ALPHA
    yield "holds", found.low <= true <= found.high


def table(found: Mapping[str, tuple[int, Mapping[str, Mapping[str, float]]]]) -> str:
    """The results as Markdown."""
    rows = [f"| {name} | {what.replace('_', ' ')} | " + " | ".join(
        f"{rates[rate]:.2f}" if rate == "left" else told(rates[rate], studies) for rate in RATES)
        + f" | {studies} |" for name, (studies, by) in found.items() for what, rates in by.items()]
    return "\n".join([
        "# Do pairs hold of which one answered fewer items?", "",
        "Shares of simulated studies in %, ± the Monte-Carlo standard error; *width left* is the "
        "mean share of the standard error over items that answers to further items leave. `make "
        "validity`; what is computed: [docs/validity.md](../../docs/validity.md).", "",
        f"| sample, strengths | metric: pair | {' | '.join(RATES.values())} | studies |",
        "|---|---|" + "---|" * (1 + len(RATES)), *rows, ""])


def main() -> None:
    """Examine ladders, and keep the table with what was found of the others before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--only", default="", help="samples whose name holds this")
    options = parser.parse_args()
    path, device = kept("rungs", detect()), detect()
    before = loads(path.read_text()) if path.exists() else {}
    found = {name: (each["studies"], each["rates"]) for name, each in before.items()
             if name != "device"}
    for ladder in track([each for each in LADDERS if options.only in each.name]):
        found[ladder.name] = (options.studies, examine(ladder, options.studies))
        found = {each.name: found[each.name] for each in LADDERS if each.name in found}
        keep("rungs", device, {name: {"studies": studies, "rates": rates}
                               for name, (studies, rates) in found.items()}, table(found))


if __name__ == "__main__":
    main()
