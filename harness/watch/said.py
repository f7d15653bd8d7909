"""Answers of both sides as what can be compared: columns of 0 and 1, or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.backbones.finite import not_finite
from harness.common.words import split_words
from harness.methods.link import CLASS_LINKS
from harness.targets.choices import are_choices, as_probabilities
from harness.targets.kinds import KINDS, TargetKind
from harness.tasks.task import Task
from harness.watch.shares import Change, change
from harness.watch.sides import Sides
from harness.watch.two_samples import gaussian, of_shares

NO_ANSWER = "(none)"


@dataclass(frozen=True)
class Said:
    """What was answered to items; of classes and spans by column, of numbers and words one."""

    columns: np.ndarray
    """[items, columns]: whether an item has each class, a number, or words in an answer."""
    names: tuple[str, ...]
    """Of the columns; none of numbers."""
    answered: np.ndarray
    """[items] bool."""
    sure: np.ndarray | None = None
    """How sure each answer is, [items]; None where nothing says it."""


def said_of(task: Task, found: np.ndarray) -> Said:
    """From what `Answering.predict` has."""
    return KINDS[task.kind].of(_classes, _numbers, _spans, _words)(task, found)


def _classes(task: Task, found: np.ndarray) -> Said:
    named = are_choices(found)
    silent = ([i for i, own in enumerate(found) if own is None] if named else not_finite(found))
    answered = ~np.isin(np.arange(len(found)), silent)
    probabilities = np.where(answered[:, None], as_probabilities(found, len(task.labels)), 0.0)
    chosen = CLASS_LINKS[task.kind].chosen(probabilities)
    if named:
        return Said(chosen.astype(float), task.labels, answered)
    several = KINDS[task.kind].several
    each = np.maximum(probabilities, 1 - probabilities) if several else probabilities
    sure = each.prod(axis=1) if several else each.max(axis=1)
    return Said(chosen.astype(float), task.labels, answered, sure)


def _numbers(task: Task, found: np.ndarray) -> Said:
    answered = np.isfinite(found[:, 0])
    return Said(np.where(answered, found[:, 0], 0.0)[:, None].astype(float), (), answered)


def _spans(task: Task, found: np.ndarray) -> Said:
    has = np.zeros((len(found), len(task.labels)))
    for row, own in zip(has, found, strict=True):
        row[[span.label for span in own or ()]] = 1.0
    return Said(has, task.labels, np.array([own is not None for own in found]))


def _words(task: Task, found: np.ndarray) -> Said:
    counts = np.array([len(split_words(answer)) for answer in found.tolist()], dtype=float)
    return Said(counts[:, None], (), np.ones(len(found), dtype=bool))


def kernel_of(columns: np.ndarray, named: bool) -> np.ndarray:
    """What the two-sample test of answers compares by: shares, or the numbers' order, which no
    unit and no outlier moves."""
    if named:
        rest = ~columns.any(axis=1, keepdims=True)
        return of_shares(np.hstack([columns, rest]))
    ranks = np.unique(columns[:, 0], return_inverse=True)[1].astype(float)[:, None]
    return gaussian(ranks @ ranks.T)


def changes(columns: np.ndarray, names: Sequence[str], found: Sides) -> dict[str, Change]:
    """By class its share of the items; where some have none of the classes, the share of these."""
    has = columns.astype(bool)
    shown = {name: change(has[:, i], found) for i, name in enumerate(names)}
    none = np.asarray(~has.any(axis=1))
    return shown | ({NO_ANSWER: change(none, found)} if none.any() and names else {})


def moved(kind: TargetKind, columns: np.ndarray, shares: dict[str, Change], found: Sides) -> float:
    """How far the answers moved, in [0, 1]: the total variation between the classes where an item
    has one; where it may have several the largest change of a share; of numbers the largest gap
    between the cumulative shares (Kolmogorov and Smirnov)."""
    if not shares:
        return gap(columns[:, 0], found)
    apart = [abs(one.difference) for one in shares.values()]
    return max(apart) if kind.several else 0.5 * sum(apart)


def gap(values: np.ndarray, found: Sides) -> float:
    """Of numbers, [items], the largest gap between the two sides' cumulative shares."""
    order = np.argsort(values, kind="stable")
    gaps = np.cumsum(found.signed[order])
    last = np.append(np.diff(values[order]) > 0, True)  # the last of equal ones
    return float(np.abs(gaps[last]).max())
