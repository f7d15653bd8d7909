"""What determines which device torch finds, read without torch where no GPU can be found.

torch takes seconds to import, and its answer does not change while none of this does.
"""

from __future__ import annotations

import ctypes
import dataclasses
import os
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.common.device import Device, cpu_count, cpu_name, detect
from harness.common.memory import total

DRIVERS = ("libcuda.so.1", "nvcuda.dll")
"""The library of NVIDIA's driver, which CUDA's own loads by this name."""
NODES = ("nvidiactl", "nvidia0", "nvidia-caps", "kfd", "dxg")
"""Below `/dev`, where a system has a GPU: NVIDIA's, AMD's, Windows' below Linux."""
THREADS = ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_DYNAMIC", "OMP_PLACES", "OMP_PROC_BIND",
           "GOMP_CPU_AFFINITY", "KMP_AFFINITY", "KMP_HW_SUBSET", "MKL_NUM_THREADS",
           "MKL_DOMAIN_NUM_THREADS", "MKL_DYNAMIC")
"""Variables that say how many threads there are. Libraries set others of OpenMP's themselves."""


def surroundings(environment: Mapping[str, str] = os.environ) -> list[Any]:
    """As JSON: the device with its memory where a GPU may be found, else all that torch's look at
    a processor depends on."""
    if has_driver():
        found = detect()
        return [dataclasses.asdict(found), total(found)]
    said = {name: environment[name] for name in THREADS if name in environment}
    return [version("torch"), cpu_name(), _features(), cpu_count(), said,
            total(Device("cpu", "", "no", 1))]


def has_driver(devices: Path = Path("/dev")) -> bool:
    """Whether torch may find a GPU: it cannot without the driver."""
    return any((devices / node).exists() for node in NODES) or any(map(_loads, DRIVERS))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _features(info: Path = Path("/proc/cpuinfo")) -> list[str]:
    """Which instructions the processor says it has, and the system that says it."""
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    said = {line for line in lines if line.startswith(("flags", "Features"))}
    return [sys.platform, *sorted(said)]
