"""What of items is compared, by what an item is: a row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.common.kinds import Input
from harness.study.assignment import Assignment
from harness.suite import LoadedSuite, Watch
from harness.tasks.examples import Item
from harness.watch.picture_traits import picture_traits, picture_vectors
from harness.watch.result import Name
from harness.watch.traits import Trait
from harness.watch.vectors import vectors_of
from harness.watch.window import beyond

Vectors = Callable[[LoadedSuite, Assignment, Sequence[Item], Sequence[Item]], tuple[Any, str]]
"""Of the suite, the approved run, its items and the day's: [items, width], dense or sparse, of both
in this order, and what made them."""


@dataclass(frozen=True)
class Compares:
    """What is done with items of an input."""

    name: Name
    """Of the check that tells the two sides apart by vectors."""
    vectors: Vectors
    traits: Callable[[Assignment, Sequence[Item], Watch], tuple[Trait, ...]]
    missing: Name
    """Of the check of rows that hold nothing to read."""
    missing_says: str
    missing_at_most: Callable[[Watch], float]


def _window(run: Assignment, items: Sequence[Item], policy: Watch) -> tuple[Trait, ...]:
    return (Trait("beyond-window", "rise of the share of texts longer than what is read",
                  policy.beyond_window_rise_from,
                  beyond(items, run.task, run.budget, run.backbone), "all of every text is read"),)


BY_INPUT: Mapping[Input, Compares] = {
    "text": Compares(
        "texts", lambda loaded, run, before, now: vectors_of(
            loaded, before, now, run.budget.max_length, run.device), _window,
        "empty", "share of the rows without a text", lambda policy: policy.empty_at_most),
    "image": Compares(
        "pictures", picture_vectors, picture_traits, "unreadable",
        "share of the rows whose file is no picture", lambda policy: policy.unreadable_at_most)}
