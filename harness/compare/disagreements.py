"""Items on which methods disagree, with their texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.common.text import excerpt
from harness.compare.arms import Arm, Measured
from harness.measure.part import RecordPart
from harness.targets.generation import GenerationAnswers

MOST, LENGTH = 100, 400


class Disagreement(RecordPart):
    """An item and the answers of the first seeds: each answer with the methods that gave it."""

    item: str
    text: str
    target: str
    answers: dict[str, tuple[str, ...]]
    right: int | None
    """Methods that are; None where no answer is right or wrong."""
    methods: int


def disagreements(arms: Sequence[Arm], measured: Measured, texts: Mapping[str, str], metric: str
                  ) -> tuple[Disagreement, ...]:
    """Up to 100 items, those nearest to an even split of right and wrong first; of numbers, and of
    long answers by the deciding `metric`, those that are furthest apart.

    Texts and answers are cut at 400 characters.
    """
    able = [arm for arm in arms if arm.done]
    if not able:
        return ()
    given = np.stack([measured.said(arm) for arm in able])
    right = (np.stack([measured.right(arm) for arm in able]).sum(axis=0)
             if measured.answers.kind.right_of(metric) else None)
    split = (-_graded(able, measured, metric).std(axis=0) if right is None
             else np.abs(2 * right - len(able)))
    mixed = [i for i in np.argsort(split, kind="stable") if len(set(given[:, i])) > 1]
    found = []
    for i in mixed[:MOST]:
        answers: dict[str, list[str]] = {}
        for arm, answer in zip(able, given[:, i], strict=True):
            answers.setdefault(excerpt(answer, LENGTH), []).append(arm.name)
        item = measured.items[i]
        found.append(Disagreement(
            item=item, text=excerpt(texts.get(item, ""), LENGTH),
            right=None if right is None else int(right[i]), methods=len(able),
            target=excerpt(measured.targets[i], LENGTH),
            answers={label: tuple(names) for label, names in answers.items()}))
    return tuple(found)


def _graded(arms: Sequence[Arm], measured: Measured, metric: str) -> np.ndarray:
    """What tells answers apart where none is right or wrong, [arms, items]: scores in a metric, or
    the numbers that were answered."""
    if isinstance(measured.answers, GenerationAnswers):
        return measured.answers.scores[metric][[measured.first(arm) for arm in arms]]
    return np.stack([measured.said(arm) for arm in arms]).astype(float)

