"""How long pictures take to be decoded and resized, for whoever times an answer.

While answers are timed nothing that was made of a picture before is used again: a picture that is
asked about is new, and a timing asks the same ones over and over.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Part = Literal["decode", "resize"]

_lock = threading.Lock()
_timed: dict[Part, float] | None = None


@contextmanager
def timing_pictures() -> Iterator[dict[Part, float]]:
    """Within, pictures are read anew each time, and seconds are added by part: of all threads, as
    if one picture were read after another."""
    global _timed
    before, _timed = _timed, defaultdict(float)
    try:
        yield _timed
    finally:
        _timed = before


def read_anew() -> bool:
    """Whether somebody times what is done."""
    return _timed is not None


@contextmanager
def part(name: Part) -> Iterator[None]:
    """A part of reading one picture."""
    start = time.perf_counter()
    try:
        yield
    finally:
        if (found := _timed) is not None:
            with _lock:
                found[name] += time.perf_counter() - start
