"""How quick this machine is: the seconds of a thing, of a matrix product, and what others use."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil

from harness.common.device import cpu_count, settle

REPEATS, LEAST, PATIENCE, LONG = 9, 2, 0.25, 2.0
"""Most and fewest timings of a thing, and seconds after which no more are begun; a thing that takes
long is timed once."""
MATRIX, PRODUCTS = 1024, 5


def seconds_of(action: Callable[[], Any]) -> float:
    """The quickest of a few timings: what the machine can do when it has nothing else to do.

    Another program beside it makes a pass on all cores many times as slow.
    """
    times: list[float] = []
    while len(times) < REPEATS and sum(times) < (PATIENCE if len(times) >= LEAST else LONG):
        settle()
        start = time.perf_counter()
        action()
        settle()
        times.append(time.perf_counter() - start)
    return min(times)


def matrix_speed() -> float:
    """GFLOP/s of a 1024 x 1024 fp32 matrix product, the best of five."""
    a = np.random.default_rng(0).standard_normal((MATRIX, MATRIX), dtype=np.float32)
    best = float("inf")
    for _ in range(PRODUCTS):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * MATRIX**3 / best / 1e9


class Others:
    """What other programs use of the processor from now on."""

    def __init__(self) -> None:
        self._before = self._now()

    def share(self) -> float:
        """Share of all cores, 0 to 1."""
        busy, own, wall = (now - before for now, before in zip(self._now(), self._before,
                                                               strict=True))
        return min(1.0, max(0.0, (busy - own) / max(1e-9, wall * cpu_count())))

    @staticmethod
    def _now() -> tuple[float, float, float]:
        everyone, own = psutil.cpu_times(), psutil.Process().cpu_times()
        busy = sum(everyone) - everyone.idle - getattr(everyone, "iowait", 0.0)
        return busy, own.user + own.system, time.perf_counter()
