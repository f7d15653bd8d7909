"""Quality of answers that are spans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from harness.common.kinds import Kind
from harness.measure.part import RecordPart
from harness.measure.quality import figures
from harness.targets.by_class import f1_of, share
from harness.targets.spans import Found


class SpanClass(RecordPart):
    """Figures of one class's spans; None where a figure is not defined."""

    label: str
    support: int
    """Spans that the items have."""
    answered: int
    precision: float | None
    recall: float | None
    f1: float


class SpanQuality(RecordPart):
    """Figures over the items of one split, in [0, 1], weighted where items are; counts count."""

    kind: ClassVar[Kind] = "spans"
    items: int
    micro_f1: float
    """Over all spans: one is right where its beginning, its end and its class are."""
    macro_f1: float | None
    """Mean F1 of the classes that the items have; None where they have none."""
    precision: float | None
    """None where no span is answered."""
    recall: float | None
    all_spans: float
    """Share of the items whose every span is found, and no other."""
    spans: int
    answered: int
    unread: int = 0
    """Answers in which no span could be read, nor that there is none: each counts as none."""
    others: dict[str, float | None] = Field({})
    """By metrics of other packages."""
    per_class: tuple[SpanClass, ...]


def span_quality(run: Found, labels: Sequence[str], unread: int = 0) -> SpanQuality:
    """Figures of what was found. Raises ValueError for no items."""
    if len(run.there) == 0:
        raise ValueError("there are no items to measure")
    return SpanQuality(
        items=len(run.there), spans=int(run.there.sum()), answered=int(run.answered.sum()),
        unread=unread, per_class=_of_each_class(run, labels), **figures("spans", run))


def _of_each_class(run: Found, labels: Sequence[str]) -> tuple[SpanClass, ...]:
    weights = np.ones(len(run.there)) if run.weights is None else run.weights
    hits, answered, there = (weights @ each for each in (run.hits, run.answered, run.there))
    precision, recall, f1 = share(hits, answered), share(hits, there), f1_of(hits, answered, there)
    return tuple(SpanClass(label=label, support=int(run.there[:, c].sum()),
                           answered=int(run.answered[:, c].sum()), precision=_known(precision[c]),
                           recall=_known(recall[c]), f1=float(f1[c]))
                 for c, label in enumerate(labels))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
