"""`harness run`, killed again and again."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
from forked import forked, workers
from small_study import study

LONGEST = 5.0
"""Seconds."""


def finished(suite: Path, folder: Path, seconds: float | None, with_workers: bool = False) -> bool:
    """Whether a study comes to its end in time; one that does not is killed."""
    with forked(study, suite, folder) as process:
        process.join(seconds)
        if process.exitcode is not None:
            assert process.exitcode == 0, "its traceback is in what was captured"
            return True
        theirs = workers() if with_workers else []
        process.kill()
        for worker in theirs:
            with suppress(psutil.NoSuchProcess):
                worker.kill()
        process.join()
    return False


def lives(kills: int, longest: float, rng: random.Random) -> Iterator[float]:
    """Seconds, evenly spread up to the longest and shuffled."""
    drawn = [(number + rng.random()) / kills * longest for number in range(kills)]
    rng.shuffle(drawn)
    yield from drawn


def kill_again_and_again(suite: Path, folder: Path, kills: int, seed: int) -> int:
    """One folder after another, each finished in the end; how many.

    The first study is let be: the others live at most half as long as it took, and at most LONGEST.
    """
    start = time.monotonic()
    assert finished(suite, folder / "0", None)
    longest = min(LONGEST, (time.monotonic() - start) / 2)
    rng, number = random.Random(seed), 1
    for life in lives(kills, longest, rng):
        while finished(suite, folder / str(number), life, rng.random() < 0.5):
            number += 1
            life *= 0.7  # the first one was slow: the machine was busy then
    assert finished(suite, folder / str(number), None)
    return number + 1
