"""Memory that a device has left."""

from __future__ import annotations

from pathlib import Path

import psutil

from harness.common.device import Device

CGROUPS = (("memory.max", "memory.current"),
           ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))
"""Limit and use of a container's memory, under the second and the first version of cgroups."""


def available(device: Device, groups: Path = Path("/sys/fs/cgroup")) -> float:
    """Bytes that a new process may take on the device; a container's limit counts."""
    if device.type == "cuda":
        import torch

        return float(torch.cuda.mem_get_info()[0])
    rest = float(psutil.virtual_memory().available)
    for limit, used in CGROUPS:
        try:
            most, now = ((groups / name).read_text(encoding="utf-8").strip()
                         for name in (limit, used))
            rest = min(rest, float(most) - float(now))
        except (OSError, ValueError):  # no such group, or `max` for no limit
            continue
    return max(0.0, rest)
