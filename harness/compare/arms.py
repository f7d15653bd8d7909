"""The arms of a study (a method on a backbone at a training size) on the items all answered."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from harness.common.errors import HarnessError
from harness.common.kinds import Kind
from harness.compare.binned import Binned
from harness.compare.jackknife import Estimates, jackknife
from harness.compare.kin import Kin, pooled
from harness.compare.pairs import McNemar, Sample, mcnemar
from harness.compare.pool import Pool
from harness.compare.uncertainty import Figure
from harness.study.record import Record
from harness.targets.answers import Answers, read_answers
from harness.targets.metric import Metric, Statistic

Predictions = Callable[[str], pa.Table]


@dataclass(frozen=True)
class Arm:
    """The records of one method over its seeds, lowest seed first."""

    backbone: str | None
    label: str
    train: int
    records: tuple[Record, ...]

    @property
    def name(self) -> str:
        """Method and backbone, for tables."""
        return self.records[0].identity.name

    @property
    def random(self) -> bool:
        """Whether results hang on the seed: where they do not, one run has no spread over seeds."""
        return any(r.identity.random for r in self.records)

    @property
    def ceiling(self) -> bool:
        """Whether it was told what no deployed model is."""
        return any(r.identity.ceiling for r in self.records)

    @property
    def learns(self) -> bool:
        """Whether it learns by gradient: then its runs have a curve of losses."""
        return any(r.curve for r in self.records)

    @property
    def done(self) -> tuple[Record, ...]:
        """The records with a result."""
        return tuple(r for r in self.records if r.status.state == "ok")

    @property
    def draws(self) -> float:
        """How many it took part in; of what hangs on none, as many as there are."""
        return self.records[-1].identity.seed + 1 if self.random else math.inf

    def upto(self, draws: float) -> Arm:
        """The arm as it was after so many draws."""
        return replace(self, records=tuple(r for r in self.records if r.identity.seed < draws))


def arms_of(records: Sequence[Record]) -> tuple[Arm, ...]:
    """Records by backbone, method and training size, in their order."""
    found: dict[tuple[str | None, str, int], list[Record]] = {}
    for record in records:
        identity = record.identity
        key = (identity.backbone, identity.label, identity.train)
        found.setdefault(key, []).append(record)
    return tuple(Arm(*key, tuple(sorted(rs, key=lambda r: r.identity.seed)))
                 for key, rs in found.items())


@dataclass(frozen=True)
class Measured:
    """Every run of a study on the items that all of them answered, and of those that answered more
    on these."""

    items: tuple[str, ...]
    answers: Answers
    estimates: Estimates
    given: np.ndarray
    """What runs answered: [runs, items] of str."""
    targets: np.ndarray
    """What is right: [items] of str."""
    place: dict[str, int]
    """Run id to its place in the arrays."""
    arms: tuple[Arm, ...] = ()
    """All whose runs these are."""
    above: Measured | None = None
    """The same of the runs that answered more items, on those that all of them did; None where all
    answered as many."""

    @property
    def pool(self) -> Pool:
        """The groups that the items are of."""
        return self.estimates.pool

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What was estimated."""
        return tuple(self.estimates.metrics.values())

    def upto(self, draws: float) -> Measured:
        """What was measured after so many draws."""
        return replace(self, arms=tuple(arm.upto(draws) for arm in self.arms),
                       above=self.above and self.above.upto(draws))

    @property
    def rungs(self) -> tuple[Measured, ...]:
        """This and what lies above it, fewest items first."""
        return (self, *(self.above.rungs if self.above else ()))

    def has(self, arm: Arm) -> bool:
        """Whether the arm has a result, and answered all these items with every seed."""
        return bool(arm.done) and all(r.identity.run_id in self.place for r in arm.done)

    def rung(self, *arms: Arm) -> Measured:
        """On the most items that these arms all answered."""
        return next(rung for rung in reversed(self.rungs)
                    if rung is self or all(map(rung.has, arms)))

    def sample(self, arm: Arm, metric: str) -> Sample | None:
        """The arm's seeds in a metric; None where it is not defined."""
        return self.sampled(arm.name, self.places(arm), metric, self.peers(arm, metric))

    def sampled(self, name: str, places: list[int], metric: str, kin: Kin | None = None
                ) -> Sample | None:
        """What lies at some places, as seeds of one method; None where it is not defined."""
        estimates = self.estimates
        points = estimates.seeds(metric, places)
        if points is None:
            return None
        shares = estimates.metrics[metric].statistic is Statistic.SHARE
        scores = self._right[places].mean(axis=0) if shares else None
        return Sample(name, points, estimates.shifts[metric][places].mean(axis=0), scores, kin,
                      estimates.ends(metric, places),
                      estimates.pool_of(metric, places) if metric in estimates.among else None)

    def kin(self, arm: Arm, metric: str) -> Kin | None:
        """Whose spread over seeds stands for that of an arm with one seed: arms of its family at
        its training size, else all that learn by gradient, as it does; None where there is none or
        nothing hangs on the seed."""
        if not arm.random or len(arm.done) != 1:
            return None
        several = self._several(arm, metric)
        family = arm.records[0].identity.family
        near = {other.name: points for other, points in several
                if other.records[0].identity.family == family}
        learn = {other.name: points for other, points in several
                 if arm.learns and other.learns}
        return pooled(near or learn)

    def peers(self, arm: Arm, metric: str) -> Kin | None:
        """Whose spread over seeds an arm has no less than: that of all arms with several at its
        training size whose results hang on them, itself among them. An arm with one seed has its
        kin's for its own; None where it has no kin, or nothing hangs on the seed."""
        kin = self.kin(arm, metric)
        if not arm.random or (kin is None and len(arm.done) < 2):
            return None
        every = pooled({other.name: points for other, points in self._several(arm, metric)
                        if other.random and max(points) > min(points)})
        return every if kin is None or every is None else replace(
            kin, variance=max(kin.variance, every.variance), degrees=every.degrees)

    def _several(self, arm: Arm, metric: str) -> list[tuple[Arm, list[float]]]:
        """The arms with several seeds at an arm's training size, and what these score."""
        return [(other, points) for other in self.arms
                if other.train == arm.train and len(other.done) > 1 and self.has(other)
                and (points := self.estimates.seeds(metric, self.places(other)))]

    def figure(self, arm: Arm, metric: str) -> Figure | None:
        """The arm's figure in a metric; None where it is not defined."""
        return self.estimates.figure(metric, self.places(arm),
                                               kin=self.peers(arm, metric))

    def figures(self, arm: Arm) -> dict[str, Figure]:
        """The arm's figure in every metric that is defined."""
        return {metric.name: found for metric in self.metrics
                if (found := self.figure(arm, metric.name))}

    def places(self, arm: Arm) -> list[int]:
        """Where the arm's finished seeds lie in the arrays."""
        return [self.place[r.identity.run_id] for r in arm.done]

    @property
    def tells_right(self) -> bool:
        """Whether an answer is right or wrong."""
        return self.answers.kind.right is not None

    @cached_property
    def _right(self) -> np.ndarray:
        """[runs, items] bool."""
        return np.stack([run.right for run in self.answers.runs])

    def right(self, arm: Arm) -> np.ndarray:
        """Which items the arm's first seed answered right, where `tells_right`: [items] bool."""
        return np.asarray(self._right[self.first(arm)])

    def tests(self, arms: Sequence[Arm]) -> list[McNemar | None]:
        """McNemar's test of every pair in order; None each where no answer is right or wrong."""
        if len(arms) < 2:
            return []
        return self.tests_of([self.first(arm) for arm in arms])

    def tests_of(self, places: Sequence[int]) -> list[McNemar | None]:
        """The same of what lies at some places."""
        if not self.tells_right:
            return [None] * math.comb(len(places), 2)
        return list(mcnemar(self._right[list(places)]))

    def said(self, arm: Arm) -> np.ndarray:
        """What the arm's first seed answered: [items] of str."""
        return np.asarray(self.given[self.first(arm)])

    def sure(self, arm: Arm) -> tuple[np.ndarray, np.ndarray]:
        """How sure the arm's first seed was of its decisions, and what came true."""
        sure: tuple[np.ndarray, np.ndarray] = self.answers.run(self.first(arm)).sure
        return sure

    def calibration(self, arm: Arm) -> Binned | None:
        """How far off the arm's first seed was when it was this sure; None where it only names
        classes."""
        return self.estimates.calibration[self.first(arm)]

    def first(self, arm: Arm) -> int:
        """Where the arm's first seed lies in the arrays."""
        return self.place[arm.done[0].identity.run_id]


def measure_arms(records: Sequence[Record], kind: Kind, labels: Sequence[str],
                 predictions: Predictions) -> Measured | None:
    """Estimate all finished runs; None where there is none. `predictions` gives a run's table.

    Methods may have test samples of different size; samples are nested, so the items that every
    run answered are the smallest sample, and `above` those that the runs with more of them did.
    Raises HarnessError for runs of weighted samples that are not nested.
    """
    done = {r.identity.run_id: predictions(r.identity.run_id)
            for r in records if r.status.state == "ok"}
    found, arms = None, arms_of(records)
    for size in sorted({len(table) for table in done.values()}, reverse=True):
        there = {run_id: table for run_id, table in done.items() if len(table) >= size}
        found = replace(measure_tables(list(there), list(there.values()), kind, labels),
                        arms=arms, above=found)
    return found


def measure_tables(names: Sequence[str], tables: Sequence[pa.Table], kind: Kind,
                   labels: Sequence[str]) -> Measured:
    """Estimate what tables answer of the items that all have, each under a name; of no arms."""
    items = tuple(sorted(set.intersection(*(set(t["item"].to_pylist()) for t in tables))))
    chosen = [_on(table, items) for table in tables]
    return _measured(names, chosen, items, kind, labels, _weights(tables, chosen))


def measured_on(names: Sequence[str], tables: Sequence[pa.Table], items: tuple[str, ...],
                kind: Kind, labels: Sequence[str], weights: np.ndarray | None) -> Measured:
    """Estimate what these tables answer of the items, each under a name; of no arms."""
    return _measured(names, [_on(table, items) for table in tables], items, kind, labels, weights)


def _measured(names: Sequence[str], chosen: Sequence[pa.Table], items: tuple[str, ...], kind: Kind,
              labels: Sequence[str], weights: np.ndarray | None) -> Measured:
    """Of tables that hold these items alone, in this order."""
    answers = read_answers(kind, chosen, labels, weights)
    given, targets = answers.said(labels)
    return Measured(items, answers, jackknife(answers), given, targets,
                    {name: i for i, name in enumerate(names)})


def _weights(tables: Sequence[pa.Table], chosen: Sequence[pa.Table]) -> np.ndarray | None:
    """The weights of the items that all `tables` have, in the order of `chosen`: those of the
    samples that hold no others. None where all items count alike."""
    if not any("weight" in table.column_names for table in tables):
        return None
    own = [on["weight"].to_numpy() if "weight" in on.column_names else np.ones(len(on))
           for table, on in zip(tables, chosen, strict=True) if len(table) == len(on)]
    if not own or any((each != own[0]).any() for each in own):
        raise HarnessError("the runs' test items are weighted for samples that are not the same, "
                           "and none of which lies inside the others",
                           "Compare runs of one suite and one split.")
    return None if (own[0] == 1.0).all() else np.asarray(own[0])


def _on(table: pa.Table, items: tuple[str, ...]) -> pa.Table:
    position = {item: i for i, item in enumerate(table["item"].to_pylist())}
    return table.take([position[item] for item in items])
