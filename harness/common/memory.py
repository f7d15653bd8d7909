"""Memory of a device: all of it, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.common.device import Device

GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Group:
    """Files of a container's memory: its limit, its use, and what the use is made of."""

    limit: str
    used: str
    parts: str
    files: str
    """In `parts`, the bytes of files read a while ago, which make room when room is wanted."""


VERSIONS = (Group("memory.max", "memory.current", "memory.stat", "inactive_file"),
            Group("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes",
                  "memory/memory.stat", "total_inactive_file"))
"""The second version of cgroups and the first."""


def total(device: Device, groups: Path = GROUPS) -> float:
    """Bytes of memory of the device, whoever uses them; a container's limit counts."""
    if device.type == "cuda":
        import torch

        return float(torch.cuda.mem_get_info()[1])
    limits = (_number(groups / group.limit) for group in VERSIONS)
    return min([float(psutil.virtual_memory().total), *(n for n in limits if n is not None)])


def available(device: Device, groups: Path = GROUPS) -> float:
    """Bytes that a new process may take on the device; a container's limit counts."""
    if device.type == "cuda":
        import torch

        return float(torch.cuda.mem_get_info()[0])
    rest = float(psutil.virtual_memory().available)
    for group in VERSIONS:
        limit, used = _number(groups / group.limit), _number(groups / group.used)
        if limit is not None and used is not None:
            rest = min(rest, limit - used + _files(groups, group))
    return max(0.0, rest)


def _number(path: Path) -> float | None:
    """None where there is no such group, or `max` for no limit."""
    try:
        return float(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _files(groups: Path, group: Group) -> float:
    try:
        lines = (groups / group.parts).read_text(encoding="utf-8").splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{group.files} "))
    except (OSError, ValueError, IndexError, StopIteration):
        return 0.0
