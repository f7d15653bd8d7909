"""What a process that computes keeps in memory: what it freed, and kernels for few lengths."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import MutableMapping

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""Parameters of glibc's mallopt(3)."""
NEVER = -1
"""As a threshold: more than any size."""
KERNELS = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64", "LRU_CACHE_CAPACITY": "64"}
"""Kernels that oneDNN, and torch's layer above it, keep for shapes that they have met; 1,024 each
by themselves."""


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


def keep_few_kernels(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let processes that begin from now on keep `KERNELS`, unless a user has said how many.

    In bf16 on a CPU each length of a batch has kernels of some megabytes, made in milliseconds and
    kept to the end: a process that learns grows by gigabytes (findings/
    torch-bf16-keeps-a-kernel-for-every-length.sh). The variables are read once, at torch's import,
    and change no result.
    """
    for name, value in KERNELS.items():
        environment.setdefault(name, value)
