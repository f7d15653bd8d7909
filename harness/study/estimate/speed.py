"""The speed of a plain matrix product."""

from __future__ import annotations

import time

import numpy as np

MATRIX = 1024
REPEATS = 5


def matrix_speed() -> float:
    """GFLOP/s of a 1024 x 1024 fp32 matrix product, the best of five."""
    a = np.random.default_rng(0).standard_normal((MATRIX, MATRIX), dtype=np.float32)
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * MATRIX**3 / best / 1e9
