"""Figures by slice: the values of columns the task names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import model_validator

from harness.measure.part import RecordPart
from harness.targets.answers import Answers
from harness.tasks.examples import Example


class Slice(RecordPart):
    """Figures over the test items with one value of one column, weighted where items are."""

    column: str
    value: str
    items: int
    figures: dict[str, float | None]
    """By metric, as the kind of task has them by slice; None where one is not defined on the
    slice's items. A mean over classes is over those that the slice's items have, as everywhere."""

    @model_validator(mode="before")
    @classmethod
    def _as_before_figures(cls, fields: Any) -> Any:
        """Records up to version 6 name two figures."""
        if not isinstance(fields, dict) or "accuracy" not in fields:
            return fields
        kept = {name: value for name, value in fields.items() if name not in OF_OLD}
        return kept | {"figures": {name: fields[name] for name in OF_OLD if name in fields}}


OF_OLD = ("accuracy", "macro_f1")


def slices(answers: Answers, examples: Sequence[Example]) -> tuple[Slice, ...]:
    """One entry for each value of each slice column, in the order of names; blank is no value.
    `answers` are a run's on the examples."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, example in enumerate(examples):
        for column, value in example.slices.items():
            if value.strip():
                rows[column, value].append(i)
    return tuple(_slice(column, value, own, answers)
                 for (column, value), own in sorted(rows.items()))


def _slice(column: str, value: str, rows: Sequence[int], answers: Answers) -> Slice:
    inside = answers.inside(np.isin(np.arange(len(answers.groups)), rows))
    run = inside.run(0)
    return Slice(column=column, value=value, items=len(rows), figures={
        metric.name: metric.of(run, inside.weights) for metric in answers.kind.sliced})
