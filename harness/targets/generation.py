"""Answers in words: a score an item, by metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from harness.targets.kinds import KINDS, TargetKind
from harness.targets.marked import domain
from harness.targets.metric import Formula

MEANS = ("exact_match", "token_f1", "rouge_1", "rouge_2", "rouge_l", "chrf", "answer_recall",
         "copied", "words")
"""Scores of an item by themselves: a figure is their mean."""
UNANSWERABLE, REFUSED_ONE = "unanswerable", "refusal"
"""Whether a question has no answer, and whether that was the answer: 1 or 0, and NaN in tasks where
every question has one."""
CITED, CITED_HELD, CITED_GOLD = "cited", "cited_held", "cited_gold"
"""Whether an answer names a passage that was shown, whether it stands there, and whether that is of
the document that is asked about: 1 or 0, NaN where that cannot be asked of the answer, and of all
answers of a run that names none."""
CITATIONS = (CITED, CITED_HELD, CITED_GOLD)


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
        {name: np.stack([_scores(table, name) for table in tables])
         for name in (*MEANS, UNANSWERABLE, REFUSED_ONE, *CITATIONS)},
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


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """NaN where there is nothing below."""
    found: np.ndarray = np.divide(over, under, out=np.full(np.shape(over), np.nan),
                                  where=np.asarray(under) > 0)
    return found


def _share(of: Callable[[Worded], np.ndarray], among: Callable[[Worded], np.ndarray]) -> Formula:
    """Of the items that `among` marks, the share that `of` does, too: [items] of 0 and 1 each."""
    def contributions(run: Worded) -> np.ndarray:
        marked = among(run)
        return np.column_stack([of(run) * marked, marked])
    return Formula(contributions, lambda sums: _ratio(sums[0], sums[1]),
                   lambda run: np.asarray(among(run) == 1.0))


def _share_asked(name: str) -> Formula:
    """Of the items of which it can be asked, the share that has the mark."""
    return _share(lambda run: np.nan_to_num(run.scores[name]),
                  lambda run: np.isfinite(run.scores[name]).astype(float))


def _answerable(run: Worded) -> np.ndarray:
    return np.asarray(1.0 - run.scores[UNANSWERABLE])


def _answerable_f1(run: Worded) -> np.ndarray:
    """What is answered and may be, what is answered, what may be: [items, 3]."""
    answered, may_be = 1.0 - run.scores[REFUSED_ONE], _answerable(run)
    return np.column_stack([answered * may_be, answered, may_be])


(EXACT_MATCH, TOKEN_F1, ROUGE_1, ROUGE_2, ROUGE_L, CHRF, ANSWER_RECALL, COPIED, WORDS) = (
    map(_mean_of, MEANS))
REFUSED = _share(lambda run: run.scores[REFUSED_ONE], lambda run: run.scores[UNANSWERABLE])
WRONGLY_REFUSED = _share(lambda run: run.scores[REFUSED_ONE], _answerable)
ANSWERABLE_F1 = Formula(_answerable_f1, lambda sums: _ratio(2 * sums[0], sums[1] + sums[2]),
                        lambda run: np.asarray(_answerable(run) == 1.0))
EXACT_MATCH_ANSWERABLE = _share(lambda run: run.scores["exact_match"], _answerable)
OF_CITED, OF_CITED_HELD, OF_CITED_GOLD = map(_share_asked, CITATIONS)
