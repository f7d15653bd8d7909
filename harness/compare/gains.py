"""Whether what tuning brings and what retrieval brings add up.

Four arms of one backbone are a 2 x 2 design: asked as it is, with what a search finds, tuned, and
tuned with what the same search finds. Both gains together, less their sum, is the interaction, on
the same items, paired by group and, as the tuned model is the same in two of them, by seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from harness.compare.arms import Arm, Measured
from harness.compare.kin import of_seeds
from harness.compare.uncertainty import Figure, figure
from harness.measure.part import RecordPart
from harness.targets.kinds import gain
from harness.targets.metric import Metric, Statistic

Together = Literal["less", "more", "sum", "unknown"]


class Gains(RecordPart):
    """By how much the deciding metric is better than that of the backbone asked as it is."""

    backbone: str
    alone: str
    """The arm that is asked as it is; the others likewise."""
    looked_up: str
    tuned: str
    both: str
    by_retrieval: Figure
    by_tuning: Figure
    by_both: Figure
    beyond: Figure
    """`by_both` less the sum of the two: below 0 the gains overlap."""
    together: Together
    """`less` or `more` than the sum, at 5%; the `sum` where the 95% interval has nothing that
    matters outside; else `unknown`."""


def gains(arms: Sequence[Arm], measured: Measured, metric: str, matters: float
          ) -> tuple[Gains, ...]:
    """One for each arm on top of a tuned one of which the other three were run, too."""
    decides = measured.estimates.metrics[metric]
    able = [arm for arm in arms if arm.done and not arm.ceiling
            and measured.sample(arm, metric) is not None]
    return tuple(_gains(_on_common_draws(four), measured, decides, matters)
                 for four in _fours(able))


@dataclass(frozen=True)
class _Four:
    alone: Arm
    looked_up: Arm
    tuned: Arm
    both: Arm


def _fours(arms: Sequence[Arm]) -> Iterator[_Four]:
    for both in arms:
        inner = {record.identity.inner for record in both.done} - {None}
        tuned = [arm for arm in arms if inner & {r.identity.run_id for r in arm.done}]
        beside = [arm for arm in arms if arm.backbone == both.backbone and arm.train == both.train
                  and arm is not both and arm.done[0].identity.inner is None]
        looked = [arm for arm in beside if _asks_alike(arm, both)]
        alone = [arm for arm in beside if arm.done[0].identity.method == "zero-shot"]
        if tuned and looked and alone:
            yield _Four(alone[0], looked[0], tuned[0], both)


def _on_common_draws(four: _Four) -> _Four:
    """As they were when the first of them left the study."""
    every = (four.alone, four.looked_up, four.tuned, four.both)
    return _Four(*(arm.upto(min(each.draws for each in every)) for arm in every))


def _asks_alike(arm: Arm, other: Arm) -> bool:
    """Whether two arms differ in nothing but the model that they ask."""
    mine, theirs = arm.done[0].identity, other.done[0].identity
    return (mine.method, mine.options) == (theirs.method, theirs.options)


def _gains(four: _Four, measured: Measured, metric: Metric, matters: float) -> Gains:
    def of(*signed: tuple[Arm, int]) -> Figure:
        return _combined(signed, measured, metric)

    beyond = of((four.both, 1), (four.tuned, -1), (four.looked_up, -1), (four.alone, 1))
    return Gains(
        backbone=four.both.backbone or "", alone=four.alone.name, looked_up=four.looked_up.name,
        tuned=four.tuned.name, both=four.both.name,
        by_retrieval=of((four.looked_up, 1), (four.alone, -1)),
        by_tuning=of((four.tuned, 1), (four.alone, -1)),
        by_both=of((four.both, 1), (four.alone, -1)), beyond=beyond,
        together=_together(beyond, matters))


def _together(beyond: Figure, matters: float) -> Together:
    if beyond.high < 0:
        return "less"
    if beyond.low > 0:
        return "more"
    return "sum" if max(-beyond.low, beyond.high) <= matters else "unknown"


def _combined(signed: Sequence[tuple[Arm, int]], measured: Measured, metric: Metric) -> Figure:
    """The sum of arms' figures, each with its sign, over seeds: those of arms with several are
    paired in their order, one alone stands beside each."""
    way = gain(metric.name, 1.0)
    shifts = measured.estimates.shifts[metric.name]
    points = [(way * sign, measured.estimates.points[metric.name][measured.places(arm)],
               shifts[measured.places(arm)]) for arm, sign in signed]
    seeds = max(len(each) for _, each, _ in points)
    several = [(sign, _stretched(each, seeds), _stretched(moved, seeds))
               for sign, each, moved in points]
    total = sum(sign * each for sign, each, _ in several)
    moved = sum(sign * shifted for sign, _, shifted in several)
    free = replace(metric, statistic=Statistic.SCORES, bounds=(-math.inf, math.inf))
    return figure(free, np.asarray(total).tolist(), np.asarray(moved), measured.pool,
                  seeds=_spread(signed, measured, metric) if seeds == 1 else None)


def _stretched(values: np.ndarray, seeds: int) -> np.ndarray:
    """An arm's values for so many seeds: its own, or its one for each; of others the mean."""
    if len(values) == seeds:
        return values
    return np.repeat(values.mean(axis=0, keepdims=True), seeds, axis=0)


def _spread(signed: Sequence[tuple[Arm, int]], measured: Measured, metric: Metric
            ) -> tuple[float, float]:
    """Variance over seeds of a sum whose arms have one each, and its freedom: of their kin, as if
    no two hung together."""
    found = [of_seeds(measured.estimates.points[metric.name][measured.places(arm)].tolist(),
                      measured.peers(arm, metric.name)) for arm, _ in signed if arm.random]
    return (sum(variance for variance, _ in found),
            min((freedom for _, freedom in found), default=math.inf))
