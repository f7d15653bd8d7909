"""What is not the same in two tables of predictions of the same items."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harness.methods.link import CLASS_LINKS
from harness.suite import Kind


def changed(old: pd.DataFrame, new: pd.DataFrame) -> np.ndarray:
    """Which items are answered otherwise: [items] bool."""
    return np.asarray((answers(old) != answers(new)).any(axis=1))


def apart(old: pd.DataFrame, new: pd.DataFrame) -> np.ndarray:
    """How far numbers are apart, [items, columns]; of spans 1 where they are others."""
    if not np.issubdtype(numbers(old).dtype, np.number):
        return np.asarray(answers(old) != answers(new), dtype=float)
    return np.asarray(np.abs(numbers(old) - numbers(new)))


def numbers(table: pd.DataFrame) -> np.ndarray:
    """Probabilities of the classes, scores of answers in words, or numbers: [items, columns]."""
    columns = table.filter(regex="^[pm]:")
    return np.asarray((table[["answer"]] if columns.empty else columns).to_numpy())


def answers(table: pd.DataFrame) -> np.ndarray:
    """[items, columns]: what was answered, in words, or which of the classes."""
    if "answer" in table:
        return np.asarray(table[["answer"]])
    kind: Kind = "multilabel" if "stratum" in table else "classification"
    return CLASS_LINKS[kind].chosen(numbers(table))
