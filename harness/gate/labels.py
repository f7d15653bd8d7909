"""A model's classes matched to the task's, by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.common.text import folded, value_key
from harness.methods.fitted import Answering, Declared, declared
from harness.targets.tags import OUTSIDE, begins, tag_names
from harness.tasks.examples import Item

OUTSIDE_TAG, INSIDE = "O", "IMEL"
TAG = re.compile(r"O|(?P<place>[BSUIMEL])[-_](?P<label>.+)")


@dataclass(frozen=True)
class Reordered:
    """A model whose columns are put into the task's order."""

    model: Answering
    order: tuple[int, ...]

    @property
    def declares(self) -> Declared:
        """What the model is."""
        return declared(self.model)

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


def match_tags(names: Sequence[str], wanted: Mapping[str, Sequence[str]],
               given: Mapping[str, str]) -> np.ndarray:
    """For each of the model's tags the task's, as `tag_names` numbers them: [tags].

    Tags are called by what their first letter says and a class, as in B-PER: B, S and U begin a
    span, I, M, E and L are inside one (IOB1 and IOB2, IOBES, BILOU), O is outside. Classes match
    as in `match_labels`; `given` names the model's classes, or a tag by name or number and the
    task's tag. Raises HarnessError where tags are called otherwise, and as `match_labels` does.
    """
    task = tag_names(tuple(wanted))
    told = {str(name): tag for name, tag in given.items() if tag in task}
    known = [told.get(str(number), told.get(name, name)) for number, name in enumerate(names)]
    parts = [TAG.fullmatch(name) for name in known]
    if not all(parts) or OUTSIDE_TAG not in known:
        raise HarnessError(
            f"the model's tags {_listed(names)} are not called as tags of spans are: O, B-CLASS, "
            "I-CLASS", "Give the model id2label with such names, or say --label TAG=TAG "
            f"for each, with the task's: {', '.join(task)}.")
    classes = list(dict.fromkeys(part["label"] for part in parts if part and part["label"]))
    rest = {name: label for name, label in given.items() if label not in task}
    order = match_labels(classes, wanted, rest)
    number = {classes[column]: label for label, column in enumerate(order)}
    return np.array([
        OUTSIDE if part is None or not part["label"]
        else begins(number[part["label"]]) + (part["place"] in INSIDE) for part in parts])


def _listed(names: Sequence[str] | Mapping[str, Sequence[str]]) -> str:
    shown = [f"'{name}'" for name in list(names)[:12]]
    return ", ".join(shown) + (", …" if len(names) > 12 else "")
