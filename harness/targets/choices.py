"""Answers that only name classes, because nothing says how sure they are of them.

A table of predictions has the classes under `answer`, as a JSON list, null where none could be
read, and no number under `p:CLASS`. Read as probabilities they are 1 of what was named, and
`Marked.graded` keeps every metric of probabilities from being made of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

Choice = tuple[int, ...] | None
"""The numbers of the classes that an answer names; None where it could not be read."""
COLUMN = "answer"


def as_choices(choices: Sequence[Choice]) -> np.ndarray:
    """[items] of tuples, or None."""
    found = np.empty(len(choices), dtype=object)
    found[:] = choices
    return found


def are_choices(said: np.ndarray) -> bool:
    """Whether answers by class are names alone; else they are probabilities."""
    return said.ndim == 1


def as_probabilities(said: np.ndarray, classes: int) -> np.ndarray:
    """Answers by class as [items, classes], whether they are probabilities or names alone."""
    return named(said, classes) if are_choices(said) else said


def named(choices: np.ndarray, classes: int) -> np.ndarray:
    """1 of each class that is named, 0 of all others: [items, classes]."""
    found = np.zeros((len(choices), classes))
    for place, choice in enumerate(choices):
        found[place, list(choice or ())] = 1.0
    return found


def written(choices: np.ndarray, labels: Sequence[str]) -> list[str | None]:
    """As a table of predictions has them."""
    return [None if choice is None
            else json.dumps([labels[number] for number in choice], ensure_ascii=False)
            for choice in choices]


def answered(table: Any, labels: Sequence[str]) -> np.ndarray:
    """What a table of predictions by class says, as probabilities [items, classes]."""
    if COLUMN not in table.column_names:
        return np.column_stack([table[f"p:{label}"].to_numpy() for label in labels])
    return named(read(table[COLUMN].to_pylist(), labels), len(labels))


def read(texts: Sequence[str | None], labels: Sequence[str]) -> np.ndarray:
    """What `written` wrote, [items]; JSON's null is None, too."""
    places = {label: number for number, label in enumerate(labels)}
    found = [None if text is None else json.loads(text) for text in texts]
    return as_choices([None if names is None else tuple(places[name] for name in names)
                       for names in found])


def ungraded(tables: Sequence[Any]) -> frozenset[int]:
    """The places of the tables that only name classes."""
    return frozenset(place for place, table in enumerate(tables) if COLUMN in table.column_names)
