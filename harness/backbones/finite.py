"""Numbers about items that are not finite, before anything is made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.common.errors import HarnessError
from harness.tasks.examples import Item

SHOWN = 60


def not_finite(numbers: np.ndarray) -> list[int]:
    """Rows of [items, any] in which a number is not finite."""
    return np.flatnonzero(~np.isfinite(numbers).all(axis=1)).tolist()


def check_finite(numbers: np.ndarray, items: Sequence[Item], what: str) -> None:
    """Raise HarnessError that names the first item of [items, any] with a number that is not
    finite, and says of `what` it is one."""
    rows = not_finite(numbers)
    if rows:
        first = items[rows[0]]
        raise HarnessError(f"{what} of item {first.id} ('{first.text[:SHOWN]}') are not finite: so "
                           f"it is with {len(rows)} of {len(items)} items",
                           "Use another model, or one whose weights are whole.")
