"""Are verdicts of studies by minutes true? Methods with known figures, drawn until the time is out.

A method is right on an item where its strength, the draw's luck, what is easy of the item and its
group to all methods, and what is to this one, add up to more than noise. True is the mean over all
draws and items there can be. Studies go as `harness run --minutes` has them: after each draw
`summarise`, `decide`, `leavers` and `settled`; what left is not paid for, and draws go on while
they can be paid. Beside them stand studies of the same answers in which all stay to the end, looked
at once. `make validity`, or `python -m benchmarks.by_minutes`; writes `results/minutes.json` and
`.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from json import dumps, loads
from pathlib import Path

import numpy as np
from rich.progress import track
from scipy.stats import norm

from benchmarks.validity import told
from benchmarks.worlds import pool
from harness.common.device import detect
from harness.compare.arms import Measured, arms_of
from harness.compare.jackknife import leave_out
from harness.compare.leaving import leavers, settled
from harness.compare.summary import Summary, summarise
from harness.compare.verdict import Verdict, ahead, decide
from harness.measure.cost import Cost
from harness.measure.latency import LatencyFigures
from harness.study.environment import environment
from harness.study.identity import Identity
from harness.study.minutes.bought import Bought
from harness.study.record import Record, Status
from harness.study.study import Study
from harness.suite import Decide
from harness.targets.classification import ClassificationAnswers
from harness.targets.kinds import KINDS

HERE = Path(__file__).parent
MOST = 12
"""Draws of a study."""
OWN_SD, OWN_GROUP_SD, RUN_SD = 1.0, 0.7, 0.7
"""Of what an item, and its group, is to a method in every draw, and of noise. What is easy of items
and groups to all has 1."""


@dataclass(frozen=True)
class Race:
    """Methods, the items they answer, and how long they may."""

    name: str
    pool: str
    strengths: tuple[float, ...]
    draw_sd: float
    """Of a draw's luck, in strength: 0.1 of it moves accuracy by some 0.02."""
    metric: str = "accuracy"
    matters: float = 0.02
    time: float = 5.0
    """In draws of all methods; the first one of each, in which settings are tried, costs two."""
    dear: float = 3.0
    """Cost of the last method's run, where the first one's is 1, and others' lie between."""

    @property
    def costs(self) -> np.ndarray:
        """Of a run of each method: [methods]."""
        return np.geomspace(1.0, self.dear, len(self.strengths))


LEGAL = (0.2, 0.6, 0.9, 1.2, 1.5, 1.8, 2.0, 2.1)
RACES = (
    Race("all alike", "even 100 x 3, 2 classes", (1.2,) * 6, 0.1),
    Race("one better by just more than matters, 0.1", "even 300 x 2, 2 classes",
         (1.2,) * 5 + (1.89,), 0.1, matters=0.1),
    Race("most clearly worse, draws alike", "even 300 x 2, 2 classes", LEGAL, 0.1),
    Race("most clearly worse, draws unlike", "even 300 x 2, 2 classes", LEGAL, 0.4),
    Race("legal's items, macro F1", "legal-300", LEGAL, 0.1, "macro_f1"),
    Race("one far ahead", "even 300 x 2, 2 classes", (0.3, 0.6, 0.9, 1.0, 1.1, 2.6), 0.15),
    Race("alike, few lumpy groups", "lumpy 20 x 5, 2 classes", (1.2,) * 6, 0.2),
)
SHORT = (RACES[1], RACES[3])
RATES = {
    "use": "`use` is said",
    "wrong": "`use` of one worse by more than matters",
    "dropped": "a true best left",
    "near dropped": "one within matters of the best left",
    "pairs": "always-valid 95% interval of a difference holds the truth",
    "bounds": "all lower bounds of the true best over others hold",
    "figure": "95% interval of the highest figure holds the truth",
    "all figures": "95% interval of any figure holds the truth",
    "once wrong": "all stay, looked at once: `use` of one worse by more than matters",
    "once use": "all stay, looked at once: `use` is said",
}
MEANS = {"spent": "time used, of what there was", "left": "methods that left",
         "saved": "time saved by those that left, of what as many draws of all take",
         "draws": "draws of the recommended or highest",
         "optimism": "the highest figure above its truth",
         "said optimism": "as the report has it"}


def answers(race: Race, draws: int, rng: np.random.Generator) -> ClassificationAnswers:
    """Of every method in each draw, methods first. What is wrong is as likely any other class."""
    groups, targets = pool(race.pool)
    size, count, classes = len(targets), int(groups.max()) + 1, int(targets.max()) + 1
    shared = rng.normal(0, 1, size) + rng.normal(0, 1, count)[groups]
    found = []
    for strength in race.strengths:
        own = rng.normal(0, OWN_SD, size) + rng.normal(0, OWN_GROUP_SD, count)[groups]
        for luck in rng.normal(0, race.draw_sd, draws):
            right = strength + luck + shared + own + rng.normal(0, RUN_SD, size) > 0
            wrong = (targets + rng.integers(1, classes, size)) % classes
            found.append(np.eye(classes)[np.where(right, targets, wrong)] * 0.8 + 0.2 / classes)
    return ClassificationAnswers(found, targets, groups)


@cache
def truth(race: Race) -> np.ndarray:
    """The metric's mean over all draws, on all items there can be: [methods]. By the normal
    integrals of the share that is right, and what that makes of F1."""
    targets = pool(race.pool)[1]
    shares = np.bincount(targets) / len(targets)
    spread = (2 + OWN_SD**2 + OWN_GROUP_SD**2 + RUN_SD**2) ** 0.5
    luck, weights = np.polynomial.hermite_e.hermegauss(40)
    strengths = np.array(race.strengths)[:, None] + race.draw_sd * luck
    right = norm.cdf(strengths / spread)[..., None]
    found = right[..., 0]
    if race.metric == "macro_f1":
        answered = shares * right + (1 - shares) * (1 - right) / (len(shares) - 1)
        found = (2 * shares * right / (shares + answered)).mean(axis=-1)
    return np.asarray(found @ (weights / weights.sum()))


@dataclass(frozen=True)
class Drawn:
    """A study's answers in all draws there might be."""

    race: Race
    measured: Measured
    records: tuple[Record, ...]
    """Methods first, then draws."""

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(map(str, range(self.measured.answers.actual.shape[1])))

    def upto(self, draws: Mapping[str, int]) -> tuple[Study, Summary, Verdict]:
        """The study when methods had so many draws, and what is said of it."""
        there = tuple(r for r in self.records if r.identity.seed < draws[r.identity.name])
        arms = arms_of(there)
        study = Study.model_construct(
            records=there, decide=Decide(metric=self.race.metric, matters=self.race.matters),
            labels=self.labels, bought=Bought.model_construct(draws=max(draws.values()), ends={}))
        summary = summarise(study, arms, replace(self.measured, arms=arms))
        return study, summary, decide(summary, study.decide)

    def once(self, draws: int) -> Verdict:
        """What is said where all had as many, and nobody looked before."""
        arms = arms_of([r for r in self.records if r.identity.seed < draws])
        study = Study.model_construct(
            records=self.records, labels=self.labels, bought=None,
            decide=Decide(metric=self.race.metric, matters=self.race.matters))
        return decide(summarise(study, arms, replace(self.measured, arms=arms)), study.decide)


def drawn(race: Race, rng: np.random.Generator) -> Drawn:
    """One study."""
    found = answers(race, MOST, rng)
    records = tuple(_record(race, method, seed) for method in range(len(race.strengths))
                    for seed in range(MOST))
    estimates = leave_out(found, [KINDS["classification"].metric(race.metric)])
    given = np.zeros((0, 0))
    return Drawn(race, Measured(
        tuple(map(str, range(len(found.groups)))), found, estimates, given, given,
        {record.identity.run_id: i for i, record in enumerate(records)}), records)


def _record(race: Race, method: int, seed: int) -> Record:
    hours, name = float(race.costs[method]), f"m{method}"
    return Record.model_construct(
        identity=Identity.model_construct(
            run_id=f"{name}-{seed}", backbone=None, label=name, method=name, family="full",
            seed=seed, random=True, ceiling=False, inner=None, budget={"train": 1},
            device_type="cpu"),
        status=Status(state="ok"), environment=_environment(),
        cost=Cost.model_construct(stand_alone_seconds=3600 * hours, device_hours=hours,
                                  training_flops=None, peak_memory_bytes=None),
        latency=LatencyFigures.model_construct(p50_ms=hours, p95_ms=None, p99_ms=None,
                                               items_per_second=100 / hours))


@cache
def _environment() -> object:
    return environment(detect())


@dataclass(frozen=True)
class Ended:
    """A study by minutes at its end."""

    summary: Summary
    verdict: Verdict
    left: frozenset[str]
    draws: Mapping[str, int]
    spent: float
    """Of all the time there was."""
    saved: float
    """Of the time that so many draws of all methods take."""


def carried_out(study: Drawn) -> Ended:
    """A study by minutes to its end."""
    race = study.race
    cost = {f"m{i}": float(each) for i, each in enumerate(race.costs)}
    whole = race.time * sum(cost.values())
    draws, left, spent = dict.fromkeys(cost, 1), {}, 2 * sum(cost.values())
    while True:
        there = [name for name in cost if name not in left]
        draws |= dict.fromkeys(there, max(draws.values()) + 1)
        spent += sum(cost[name] for name in there)
        found, summary, verdict = study.upto(draws)
        left = {each.name: each.draws for each in leavers(found, summary, verdict)}
        following = sum(cost[name] for name in cost if name not in left)
        if (settled(found, verdict) or len(left) > len(cost) - 2 or spent + following > whole
                or max(draws.values()) == MOST):
            every = sum(cost.values()) * (1 + max(draws.values()))
            return Ended(summary, verdict, frozenset(left), draws, spent / whole, 1 - spent / every)


def examine(race: Race, studies: int, seed: int = 2) -> dict[str, float]:
    """Shares of studies by `RATES`, and means by `MEANS`."""
    rng, true = np.random.default_rng(seed), truth(race)
    rows = [_of_one(drawn(race, rng), true) for _ in range(studies)]
    return {what: float(np.mean([row[what] for row in rows])) for what in (*RATES, *MEANS)}


def _of_one(study: Drawn, true: np.ndarray) -> dict[str, float]:
    race, of = study.race, {f"m{i}": float(each) for i, each in enumerate(true)}
    best = max(of, key=lambda name: of[name])
    ended = carried_out(study)
    summary, verdict, left = ended.summary, ended.verdict, ended.left
    gaps = {(p.first, p.second): p.differences[race.metric] for p in summary.pairs}
    ends = [gap.low <= of[a] - of[b] <= gap.high for (a, b), gap in gaps.items()]
    bounds = [gap.at_least <= of[best] - of[other] for other in of if other != best
              and (gap := ahead(summary, best, other))]
    figures = {row.name: row.common[race.metric] for row in summary.rows}
    holds = {name: each.low <= of[name] <= each.high for name, each in figures.items()}
    first, once = summary.rows[0].name, study.once(int(race.time) - 1)
    return {
        "use": verdict.answer == "use", "wrong": _wrong(verdict, of, race.matters),
        "dropped": any(of[name] >= of[best] - 1e-3 for name in left),
        "near dropped": any(of[name] >= of[best] - race.matters for name in left),
        "pairs": np.mean(ends), "bounds": all(bounds), "figure": holds[first],
        "all figures": np.mean(list(holds.values())),
        "once use": once.answer == "use", "once wrong": _wrong(once, of, race.matters),
        "spent": ended.spent, "saved": ended.saved, "left": len(left),
        "draws": ended.draws[verdict.recommended or first],
        "optimism": figures[first].mean - of[first], "said optimism": summary.luck}


def _wrong(verdict: Verdict, of: Mapping[str, float], matters: float) -> bool:
    return verdict.answer == "use" and of[verdict.recommended] < max(of.values()) - matters


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """The results as Markdown: a line a rate, a column a race."""
    def line(what: str, says: str) -> str:
        cells = [told(each[what], int(each["studies"])) if what in RATES else f"{each[what]:.3f}"
                 for each in found.values()]
        return f"| {says} | {' | '.join(cells)} |"

    return "\n".join([
        "# Are verdicts of studies by minutes true?", "",
        "Shares of simulated studies in %, ± the Monte-Carlo standard error, and means. Methods "
        "draw on until the time of five draws of all is out, the verdict is settled, or one is "
        "left; what matters is 0.02 but where it is said. `make validity`; what is computed: "
        "[docs/minutes.md](../../docs/minutes.md).", "",
        f"| | {' | '.join(found)} |", f"|---|{'---|' * len(found)}",
        *(line(what, says) for what, says in (RATES | MEANS).items()),
        f"| studies | {' | '.join(str(each['studies']) for each in found.values())} |", ""])


def main() -> None:
    """Examine races, and write the table with what was found of the others before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--only", default="", help="races whose name holds this")
    options = parser.parse_args()
    kept = HERE / "results" / "minutes.json"
    found = loads(kept.read_text()) if kept.exists() else {}
    for race in track([race for race in RACES if options.only in race.name]):
        found[race.name] = {"studies": options.studies} | examine(race, options.studies)
        found = {each.name: found[each.name] for each in RACES if each.name in found}
        kept.write_text(dumps(found, indent=1) + "\n")
        kept.with_suffix(".md").write_text(table(found))


if __name__ == "__main__":
    main()
