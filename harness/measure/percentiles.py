"""Percentiles of what requests took, as far as they are enough to hold one."""

from __future__ import annotations

import numpy as np

NEEDED = {"p50": 2, "p95": 20, "p99": 100}


def percentiles(milliseconds: np.ndarray) -> dict[str, float | None]:
    """p95 and p99 of requests; None of too few of them to hold it."""
    return {name: float(np.percentile(milliseconds, int(name[1:])))
            if len(milliseconds) >= needed else None for name, needed in NEEDED.items()}
