"""What the runs of a study answered on the same items, by kind of task, and its resamples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from harness.compare.bootstrap import Answers, Resampled, bootstrap, bootstrap_means, strata


@dataclass(frozen=True)
class Responses:
    """Answers in words, by run first, and what is right."""

    given: np.ndarray
    """[runs, items] of str."""
    targets: np.ndarray
    """[items] of str."""
    right: np.ndarray
    """[runs, items] bool."""
    strata: np.ndarray
    """[groups]: what each group counts for where test splits are stratified."""
    resampled: Resampled
    groups: np.ndarray
    """[items]: number of each item's group, from 0."""
    probabilities: Sequence[np.ndarray] = ()
    """Of the classes, [items, classes] a run; none where a task has no classes."""
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
    return Responses(names[chosen], names[targets], chosen == targets, answers.strata,
                     bootstrap(answers), answers.groups, answers.probabilities)


def of_texts(tables: Sequence[pa.Table]) -> Responses:
    """From tables with an answer in words and its scores (`m:…`) an item; an exact match is
    right. Test items are stratified by the column `stratum`."""
    groups = _groups(tables[0])
    within = strata(groups, np.unique(tables[0]["stratum"].to_pylist(), return_inverse=True)[1])
    metrics = [name[2:] for name in tables[0].column_names if name.startswith("m:")]
    scores = {metric: np.stack([table[f"m:{metric}"].to_numpy() for table in tables])
              for metric in metrics}
    return Responses(
        np.array([table["answer"].to_pylist() for table in tables], dtype=object),
        np.array(tables[0]["target"].to_pylist(), dtype=object), scores["exact_match"] == 1.0,
        within, bootstrap_means(scores, groups, within), groups, scores=scores)


def _groups(table: pa.Table) -> np.ndarray:
    return np.asarray(np.unique(table["group"].to_pylist(), return_inverse=True)[1])
