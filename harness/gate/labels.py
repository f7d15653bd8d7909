"""A model's classes matched to the task's, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.common.text import folded, value_key
from harness.methods.method import Answering
from harness.tasks.examples import Item


@dataclass(frozen=True)
class Reordered:
    """A model whose columns are put into the task's order."""

    model: Answering
    order: tuple[int, ...]

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        return self.model.predict(items, clock)[:, list(self.order)]


def match_labels(names: Sequence[str], wanted: Mapping[str, Sequence[str]],
                 given: Mapping[str, str]) -> tuple[int, ...]:
    """For each class of the task the column of the model.

    `names` are the model's classes by column, `wanted` the task's with the values that mean them,
    `given` the user's own word for it: model's name or column number to class. Names match
    whatever their case, white space and Unicode form, whole numbers with a decimal point or
    without. Raises HarnessError unless each of the model's
    classes is one of the task's and each of the task's has one.
    """
    meanings = {folded(value_key(value)): label for label, values in wanted.items()
                for value in (*values, label)}
    own, tasks = ({value_key(name): name for name in known} for known in (names, wanted))
    given = {own.get(value_key(name), name): tasks.get(value_key(label), label)
             for name, label in given.items()}
    for name, label in given.items():
        if label not in wanted or name not in (*names, *map(str, range(len(names)))):
            raise HarnessError(
                f"--label {name}={label}: the model has the classes {_listed(names)}, the task "
                f"{_listed(wanted)}", "Give MODEL=CLASS with names from these.")
    columns: dict[str, int] = {}
    for column, name in enumerate(names):
        label = given.get(name, given.get(str(column), meanings.get(folded(value_key(name)), "")))
        if label not in wanted or label in columns:
            break
        columns[label] = column
    if len(columns) != len(wanted) or len(names) != len(wanted):
        raise HarnessError(
            f"the model's classes {_listed(names)} do not match the task's {_listed(wanted)}",
            "Give the model id2label with these names, or say --label MODEL=CLASS for each.")
    return tuple(columns[label] for label in wanted)


def _listed(names: Sequence[str] | Mapping[str, Sequence[str]]) -> str:
    shown = [f"'{name}'" for name in list(names)[:12]]
    return ", ".join(shown) + (", …" if len(names) > 12 else "")
