"""Worked examples, drawn for all items."""

from __future__ import annotations

from collections.abc import Sequence

from harness.common.errors import CannotRunError
from harness.tasks.drawing import in_order
from harness.tasks.examples import Example


def draw_shots(examples: Sequence[Example], per_class: int, seed: int) -> list[Example]:
    """`per_class` examples of each class in random order (fewer where a class has fewer)."""
    taken: dict[int, int] = {}
    shots = []
    for example in in_order(examples, "items", seed):
        if taken.get(example.label, 0) < per_class:
            taken[example.label] = taken.get(example.label, 0) + 1
            shots.append(example)
    if not shots:
        raise CannotRunError("there are no training examples to show")
    return shots
