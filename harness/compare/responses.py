"""What the runs of a study answered on the same items, by kind of task, and their estimates."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from harness.compare.jackknife import Answers, Estimates, jackknife, jackknife_means
from harness.compare.jackknife_sets import SetAnswers, jackknife_sets

NONE = "none of the classes"


@dataclass(frozen=True)
class Responses:
    """Answers in words, by run first, and what is right."""

    given: np.ndarray
    """[runs, items] of str."""
    targets: np.ndarray
    """[items] of str."""
    right: np.ndarray
    """[runs, items] bool: of several classes, that all are right."""
    estimates: Estimates
    groups: np.ndarray
    """[items]: number of each item's group, from 0."""
    weights: np.ndarray | None = None
    """[items]; None where all count alike."""
    new: np.ndarray | None = None
    """[items] bool: which ask about documents that were added; None where a task has classes."""
    answers: Answers | SetAnswers | None = None
    """By class; None where a task has no classes."""
    sure: Sequence[tuple[np.ndarray, np.ndarray]] = ()
    """What each run was how sure of and what of it came true: the answered class of every item, or
    every class of every item where it may have several. None where a task has no classes."""
    scores: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Of answers in words, [runs, items] by metric; none where a task has classes."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """What was estimated."""
        return tuple(self.estimates.points)

    @property
    def group_count(self) -> int:
        """Number of groups that were left out as wholes."""
        return self.estimates.pool.groups


def of_classes(tables: Sequence[pa.Table], labels: Sequence[str], weights: np.ndarray | None
               ) -> Responses:
    """From tables with a probability a class, on the same items in the same order."""
    targets = np.array([labels.index(t) for t in tables[0]["target"].to_pylist()])
    answers = Answers([np.column_stack([table[f"p:{label}"].to_numpy() for label in labels])
                       for table in tables], targets, _groups(tables[0]), weights)
    chosen = np.stack([p.argmax(axis=1) for p in answers.probabilities])
    names = np.array(labels, dtype=object)
    right = chosen == targets
    return Responses(names[chosen], names[targets], right, jackknife(answers), answers.groups,
                     weights, None, answers, answers.sure)


def of_sets(tables: Sequence[pa.Table], labels: Sequence[str], weights: np.ndarray | None
            ) -> Responses:
    """From tables with a probability a class and a target that is a JSON array of classes, on the
    same items in the same order. An item is right with all its classes."""
    first, groups = tables[0], _groups(tables[0])
    targets = np.array([[label in has for label in labels]
                        for has in map(json.loads, first["target"].to_pylist())])
    answers = SetAnswers([np.column_stack([table[f"p:{label}"].to_numpy() for label in labels])
                          for table in tables], targets, groups, weights)
    chosen = answers.chosen
    return Responses(
        np.stack([_named(each, labels) for each in chosen]), _named(targets, labels),
        (chosen == targets).all(axis=2), jackknife_sets(answers), groups, weights, None, answers,
        answers.sure)


def _named(has: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """The classes of each item as text: [items] of str from [items, classes] bool."""
    names = np.array(labels, dtype=object)
    return np.array([", ".join(names[row]) or NONE for row in has], dtype=object)


def of_texts(tables: Sequence[pa.Table], labels: Sequence[str], weights: np.ndarray | None
             ) -> Responses:
    """From tables with an answer in words and its scores (`m:…`) an item; an exact match is
    right. A column `stratum` is 1 where an item asks about a document that was added."""
    groups = _groups(tables[0])
    metrics = [name[2:] for name in tables[0].column_names if name.startswith("m:")]
    scores = {metric: np.stack([table[f"m:{metric}"].to_numpy() for table in tables])
              for metric in metrics}
    return Responses(
        np.array([table["answer"].to_pylist() for table in tables], dtype=object),
        np.array(tables[0]["target"].to_pylist(), dtype=object), scores["exact_match"] == 1.0,
        jackknife_means(scores, groups, weights), groups, weights,
        tables[0]["stratum"].to_numpy() == 1,
        scores=scores)


def responses(tables: Sequence[pa.Table], labels: Sequence[str],
              weights: np.ndarray | None = None) -> Responses:
    """From the tables of predictions of one kind of task, which tell it by their columns."""
    columns = tables[0].column_names
    read: Callable[[Sequence[pa.Table], Sequence[str], np.ndarray | None], Responses] = of_classes
    if "answer" in columns:
        read = of_texts
    elif "stratum" in columns:
        read = of_sets
    return read(tables, labels, weights)


def _groups(table: pa.Table) -> np.ndarray:
    return np.asarray(np.unique(table["group"].to_pylist(), return_inverse=True)[1])
