"""Differences that stay true however often a study is looked at, and whenever it ends.

A study by minutes is looked at after every draw; what it shows then says who draws on and whether
it ends. The look after k draws, of which the first is after two, has 5% / (k (k - 1)) to err with:
these add up to 5% over all looks there can ever be (union bound), so that an interval may be the
part that the looks have in common, and a p-value the smallest of theirs, each over its share of the
5%. Two methods are held against each other at the looks that both were there for, on those draws.
Half of the 5% is spent at the first look: what it does not know but for the test items, which are
the same in every draw, no later look will know (docs/decisions).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from harness.compare.pairs import ALPHA, Difference, holm
from harness.measure.spending import spent

Names = tuple[str, str]


@dataclass(frozen=True)
class Interim:
    """At a study after so many draws, with so much to err with."""

    draws: float
    alpha: float

    @property
    def level(self) -> float:
        """Of an interval at this look."""
        return 1 - self.alpha


ONCE = (Interim(inf, ALPHA),)
"""At all draws, when a study that was planned so is done."""


def looks(draws: int) -> tuple[Interim, ...]:
    """At a study by minutes after so many draws. A single draw tells of itself alone, and lets
    nobody leave: it is looked at once."""
    if draws < 2:
        return ONCE
    return tuple(_look(k) for k in range(2, draws + 1))


def _look(draws: int) -> Interim:
    return Interim(draws, spent(ALPHA, draws - 1))


FIRST = _look(2)


def always(seen: Sequence[tuple[Interim, Mapping[Names, Difference]]]) -> dict[Names, Difference]:
    """What all looks together say of each pair in one metric: its difference at its last one."""
    by_pair: dict[Names, list[tuple[Interim, Difference]]] = {}
    for look, found in seen:
        for pair, difference in found.items():
            by_pair.setdefault(pair, []).append((look, difference))
    together = {pair: _together(found) for pair, found in by_pair.items()}
    adjusted = holm(np.array([found.p_value for found in together.values()]))
    return {pair: found.model_copy(update={"adjusted": float(p)})
            for (pair, found), p in zip(together.items(), adjusted, strict=True)}


def _together(seen: Sequence[tuple[Interim, Difference]]) -> Difference:
    found = [difference for _, difference in seen]
    last = found[-1]
    low, high = _common([(each.low, each.high) for each in found])
    least, most = _common([(each.at_least, each.at_most) for each in found])
    return last.model_copy(update={
        "low": low, "high": high, "at_least": least, "at_most": most,
        "p_value": min(1.0, *(each.p_value * ALPHA / look.alpha for look, each in seen)),
        "detectable": min(each.detectable for each in found)})


def _common(ends: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The part that intervals have in common. Where they have none, at least one of them is of the
    5% that do not hold the truth, and all that any of them has is left open."""
    low, high = max(low for low, _ in ends), min(high for _, high in ends)
    if low <= high:
        return low, high
    return min(low for low, _ in ends), max(high for _, high in ends)
