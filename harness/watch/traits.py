"""What each item has, whatever is answered to it: traits that are compared by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.watch.checks import not_asked
from harness.watch.result import Check, Name
from harness.watch.said import gap, kernel_of
from harness.watch.shares import change
from harness.watch.sides import Sides
from harness.watch.two_samples import chance

MOST = 1000
"""Items of a side that a kernel is made of: its work grows with their square."""


@dataclass(frozen=True)
class Trait:
    """Of both sides' items, the approved run's first."""

    name: Name
    says: str
    limit: float
    values: np.ndarray | None
    """[items] bool, whose share may rise, or numbers, which may move; None where it is not asked.
    """
    why: str = ""
    """Why it is not asked."""


def compared(traits: Sequence[Trait], found: Sides, seed: int) -> Iterator[Check]:
    """A check each, not judged yet."""
    drawn = found.drawn(MOST, seed)
    for trait in traits:
        if trait.values is None:
            yield not_asked(trait.name, trait.says, trait.why)
            continue
        shares = trait.values.dtype == bool
        kernel = kernel_of(trait.values[drawn, None].astype(float), shares)
        check = Check(name=trait.name, says=trait.says, state="nothing", limit=trait.limit,
                      p_value=chance(kernel, found.chosen(drawn), seed))
        yield check.model_copy(update=(_rise if shares else _move)(trait.values, found))


def _rise(values: np.ndarray, found: Sides) -> dict[str, object]:
    one = change(values, found)
    return {"value": one.difference, "low": one.low, "high": one.high,
            "about": f"{one.before:.3f} then, {one.now:.3f} now"}


def _move(values: np.ndarray, found: Sides) -> dict[str, object]:
    then, now = (_median(values[side], found.weights[side])
                 for side in (~found.today, found.today))
    return {"value": gap(values, found), "about": f"median {then:,.4g} then, {now:,.4g} now"}


def _median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(values[order[half]])
