"""What the runs of a study answered on the same items, by kind of task, and its resamples."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from harness.compare.bootstrap import Answers, Resampled, bootstrap, bootstrap_means, strata
from harness.compare.bootstrap_sets import SetAnswers, bootstrap_sets

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
    strata: np.ndarray
    """[groups]: what each group counts for where test splits are stratified."""
    resampled: Resampled
    groups: np.ndarray
    """[items]: number of each item's group, from 0."""
    by_class: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    """[classes]: number of groups of each class; none where a task has no classes."""
    answers: Answers | SetAnswers | None = None
    """By class; None where a task has no classes."""
    sure: Sequence[tuple[np.ndarray, np.ndarray]] = ()
    """What each run was how sure of and what of it came true: the answered class of every item, or
    every class of every item where it may have several. None where a task has no classes."""
    scores: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Of answers in words, [runs, items] by metric; none where a task has classes."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """What was resampled."""
        return tuple(self.resampled.points)

    @property
    def group_count(self) -> int:
        """Number of groups that were drawn as wholes."""
        return len(self.strata)


def of_classes(tables: Sequence[pa.Table], labels: Sequence[str]) -> Responses:
    """From tables with a probability a class, on the same items in the same order."""
    targets = np.array([labels.index(t) for t in tables[0]["target"].to_pylist()])
    answers = Answers([np.column_stack([table[f"p:{label}"].to_numpy() for label in labels])
                       for table in tables], targets, _groups(tables[0]))
    chosen = np.stack([p.argmax(axis=1) for p in answers.probabilities])
    names = np.array(labels, dtype=object)
    right = chosen == targets
    return Responses(
        names[chosen], names[targets], right, answers.strata, bootstrap(answers), answers.groups,
        np.bincount(answers.strata, minlength=len(labels)), answers,
        [(p.max(axis=1), true) for p, true in zip(answers.probabilities, right, strict=True)])


def of_sets(tables: Sequence[pa.Table], labels: Sequence[str]) -> Responses:
    """From tables with a probability a class, a target that is a JSON array of classes, and a
    column `stratum`, on the same items in the same order. An item is right with all its classes."""
    first, groups = tables[0], _groups(tables[0])
    targets = np.array([[label in has for label in labels]
                        for has in map(json.loads, first["target"].to_pylist())])
    within = strata(groups, first["stratum"].to_numpy())
    answers = SetAnswers([np.column_stack([table[f"p:{label}"].to_numpy() for label in labels])
                          for table in tables], targets, groups, within)
    chosen = answers.chosen
    return Responses(
        np.stack([_named(each, labels) for each in chosen]), _named(targets, labels),
        (chosen == targets).all(axis=2), within, bootstrap_sets(answers), groups,
        np.array([len(np.unique(groups[own])) for own in targets.T]), answers,
        [(p.ravel(), targets.ravel()) for p in answers.probabilities])


def _named(has: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """The classes of each item as text: [items] of str from [items, classes] bool."""
    names = np.array(labels, dtype=object)
    return np.array([", ".join(names[row]) or NONE for row in has], dtype=object)


def of_texts(tables: Sequence[pa.Table], labels: Sequence[str]) -> Responses:
    """From tables with an answer in words and its scores (`m:…`) an item; an exact match is
    right. Test items are stratified by the column `stratum`."""
    groups = _groups(tables[0])
    within = strata(groups, tables[0]["stratum"].to_numpy())
    metrics = [name[2:] for name in tables[0].column_names if name.startswith("m:")]
    scores = {metric: np.stack([table[f"m:{metric}"].to_numpy() for table in tables])
              for metric in metrics}
    return Responses(
        np.array([table["answer"].to_pylist() for table in tables], dtype=object),
        np.array(tables[0]["target"].to_pylist(), dtype=object), scores["exact_match"] == 1.0,
        within, bootstrap_means(scores, groups, within), groups, scores=scores)


def responses(tables: Sequence[pa.Table], labels: Sequence[str]) -> Responses:
    """From the tables of predictions of one kind of task, which tell it by their columns."""
    columns = tables[0].column_names
    read: Callable[[Sequence[pa.Table], Sequence[str]], Responses] = of_classes
    if "answer" in columns:
        read = of_texts
    elif "stratum" in columns:
        read = of_sets
    return read(tables, labels)


def _groups(table: pa.Table) -> np.ndarray:
    return np.asarray(np.unique(table["group"].to_pylist(), return_inverse=True)[1])
