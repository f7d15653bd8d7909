"""Memory that is freed stays with the process, where the C library can be told so."""

from __future__ import annotations

import ctypes
import platform

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt(3)."""
MOST = 32 * 2**20
"""The largest block that glibc lets come from its heap."""
NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Let blocks up to 32 MiB come from the heap, and let the heap keep what is freed.

    Tensors on a CPU are made and freed thousands of times a second. By default glibc hands large
    ones back to the system, which then has to clear their pages anew: a tenth of a training step
    (`benchmarks/training.py`). Peak memory is the same. Does nothing beside glibc.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(MMAP_THRESHOLD, MOST)
        library.mallopt(TRIM_THRESHOLD, NEVER)
