"""Learning curves: the metric against the number of training examples."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from harness.compare.arms import Arm, Measured
from harness.compare.pairs import ALPHA, Difference, differences, holm, of_better
from harness.compare.uncertainty import Figure
from harness.measure.part import RecordPart


class CurvePoint(RecordPart):
    """A method at one training size, on the common items."""

    train: int
    figure: Figure


class Curve(RecordPart):
    """A method over training sizes, rising."""

    backbone: str | None
    label: str
    name: str
    points: tuple[CurvePoint, ...]


class Overtaking(RecordPart):
    """From `train` examples on, at every size that was tried, one method beats another."""

    winner: str
    loser: str
    train: int


class LearningCurves(RecordPart):
    """Curves, and who beats whom from which size on.

    The correction (Holm) is over all pairs of methods and all sizes.
    """

    curves: tuple[Curve, ...]
    overtakings: tuple[Overtaking, ...]


def learning_curves(arms: Sequence[Arm], measured: Measured, metric: str
                    ) -> LearningCurves | None:
    """The curves of a study; None where no method has two sizes."""
    by_name: dict[str, list[Arm]] = {}
    for arm in arms:
        if measured.sample(arm, metric) is not None:
            by_name.setdefault(arm.name, []).append(arm)
    several = {name: sorted(found, key=lambda a: a.train)
               for name, found in by_name.items() if len(found) > 1}
    if not several:
        return None
    curves = tuple(Curve(
        backbone=found[0].backbone, label=found[0].label, name=name,
        points=tuple(CurvePoint(train=_used(arm), figure=figure) for arm in found
                     if (figure := measured.figure(arm, metric))))
        for name, found in several.items())
    return LearningCurves(curves=curves, overtakings=_overtakings(several, measured, metric))


def _used(arm: Arm) -> int:
    used = arm.done[0].budget_used
    return used.train_items if used else arm.train


def _overtakings(arms: dict[str, list[Arm]], measured: Measured, metric: str
                 ) -> tuple[Overtaking, ...]:
    # Sizes above what there is are one size: all items.
    at = {name: {_used(arm): arm for arm in found} for name, found in arms.items()}
    sizes = sorted({size for found in at.values() for size in found})
    tested: dict[tuple[int, str, str], Difference] = {}
    for size in sizes:
        samples = [sample for found in at.values()
                   if size in found and (sample := measured.sample(found[size], metric))]
        tested |= {(size, *pair): d
                   for pair, d in differences(measured.estimates.metrics[metric], samples,
                                                       measured.pool).items()}
    if not tested:
        return ()
    adjusted = dict(zip(tested, holm(np.array([d.p_value for d in tested.values()])),
                        strict=True))
    found = []
    for first, second in combinations(arms, 2):
        # A size that only one of the two has proves nothing, so it ends a claim.
        signs = [(size, _sign(of_better(metric, tested[size, first, second]),
                              adjusted[size, first, second])
                  if (size, first, second) in tested else 0) for size in sizes]
        for sign, winner, loser in ((1, first, second), (-1, second, first)):
            since = _since([(size, s == sign) for size, s in signs])
            if since is not None:
                found.append(Overtaking(winner=winner, loser=loser, train=since))
    return tuple(found)


def _sign(difference: Difference, adjusted: float) -> int:
    if adjusted >= ALPHA:
        return 0
    return 1 if difference.difference > 0 else -1


def _since(wins: list[tuple[int, bool]]) -> int | None:
    """The smallest size from which on every size is won."""
    since = None
    for size, won in reversed(wins):
        if not won:
            break
        since = size
    return since
