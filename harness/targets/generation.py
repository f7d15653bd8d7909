"""Answers in words: a score an item, by metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from harness.targets.kinds import KINDS, TargetKind
from harness.targets.marked import domain
from harness.targets.metric import Formula


@dataclass(frozen=True, eq=False)
class Worded:
    """One run's scores by metric, [items] each."""

    scores: Mapping[str, np.ndarray]

    @property
    def right(self) -> np.ndarray:
        """Which items are right: [items] bool."""
        return np.asarray(self.scores["exact_match"] == 1.0)


@dataclass(frozen=True, eq=False)
class GenerationAnswers:
    """What every run answered on the same items.

    `answers` is [runs, items] of str, `targets` [items] of str, `scores` [runs, items] by metric;
    `new` [items] bool says which ask about documents that were added; `groups` [items] numbers the
    groups from 0; items count alike or have `weights` [items].
    """

    answers: np.ndarray
    targets: np.ndarray
    scores: Mapping[str, np.ndarray]
    new: np.ndarray
    groups: np.ndarray
    weights: np.ndarray | None = None

    kind: ClassVar[TargetKind] = KINDS["generation"]
    actual: ClassVar[None] = None

    @property
    def runs(self) -> Iterator[Worded]:
        """Each run."""
        return map(self.run, range(len(self.answers)))

    def run(self, place: int) -> Worded:
        """The one at this place."""
        return Worded({name: of[place] for name, of in self.scores.items()})

    def inside(self, items: np.ndarray) -> GenerationAnswers:
        """On some of the items, [items] bool; groups are numbered anew."""
        return GenerationAnswers(self.answers[:, items], self.targets[items],
                       {name: of[:, items] for name, of in self.scores.items()}, self.new[items],
                       *domain(self.groups, self.weights, items))

    def said(self, labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """What runs answered, [runs, items] of str, and what is right, [items] of str."""
        return self.answers, self.targets


def read(tables: Sequence[Any], labels: Sequence[str], groups: np.ndarray,
         weights: np.ndarray | None) -> GenerationAnswers:
    """From tables of predictions with an answer and its scores (`m:…`) an item, on the same items
    in one order. A column `stratum` is 1 where an item asks about a document that was added. A
    score that older tables lack is NaN."""
    return GenerationAnswers(
        np.array([table["answer"].to_pylist() for table in tables], dtype=object),
        np.array(tables[0]["target"].to_pylist(), dtype=object),
        {metric.name: np.stack([_scores(table, metric.name) for table in tables])
         for metric in KINDS["generation"].metrics},
        tables[0]["stratum"].to_numpy() == 1, groups, weights)


def _scores(table: Any, metric: str) -> np.ndarray:
    name = f"m:{metric}"
    return np.asarray(table[name].to_numpy() if name in table.column_names
                      else np.full(len(table), np.nan))


def _mean_of(metric: str) -> Formula:
    """Of the items' scores."""
    def contributions(run: Worded) -> np.ndarray:
        scores = run.scores[metric]
        return np.column_stack([scores, np.ones(len(scores))])
    return Formula(contributions, lambda sums: np.asarray(sums[0] / sums[1]))


(EXACT_MATCH, TOKEN_F1, ROUGE_1, ROUGE_2, ROUGE_L, CHRF, ANSWER_RECALL, COPIED, WORDS) = (
    _mean_of(metric.name) for metric in KINDS["generation"].metrics)
