"""Memory that is freed stays with the process, where the C library can be told so."""

from __future__ import annotations

import ctypes
import platform

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""Parameters of glibc's mallopt(3)."""
NEVER = -1
"""As a threshold: more than any size."""


def keep_freed_memory() -> None:
    """Let all blocks come from the heap, and let the heap keep what is freed.

    Tensors on a CPU are made and freed thousands of times a second. By default glibc hands large
    ones back to the system, which then has to clear their pages anew: a tenth of a training step
    (`benchmarks/training.py`). Peak memory is the same. Does nothing beside glibc.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(MMAP_MAX, 0)
        library.mallopt(TRIM_THRESHOLD, NEVER)
