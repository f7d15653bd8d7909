"""One work process of ours at a time has a machine's device."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from harness.common.cache import cache_folder
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.common.locks import locked
from harness.processes.own import Say

BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Names a machine as long as it runs, in its containers too."""
WAITING = "waiting for another study on this machine"


class BusyError(HarnessError):
    """Another work process of ours has the device."""


Turn = Callable[[Device, Say], AbstractContextManager[None]]
"""How a work process comes by the device: `alone` or `at_once`."""


def alone(device: Device, say: Say) -> AbstractContextManager[None]:
    """One work process of ours at a time on this machine's device, whatever study it is of.

    What is measured would otherwise share the device with another run.
    """
    return locked(_lock_of(device), partial(say, WAITING))


def at_once(device: Device, say: Say) -> AbstractContextManager[None]:
    """`alone` for what nobody should wait for. Raises BusyError where another has the device."""

    def refuse() -> None:
        raise BusyError("another study has this machine's device",
                        "Run the same command again when it is done.")

    return locked(_lock_of(device), refuse)


def _lock_of(device: Device) -> Path:
    """Machines may share the cache folder; each has its own lock, and so has each GPU that a
    cluster gives out."""
    boot = BOOT.read_text(encoding="utf-8").strip() if BOOT.exists() else platform.node()
    name = "-".join(filter(None, (device.type, os.environ.get("CUDA_VISIBLE_DEVICES"), boot)))
    return cache_folder() / "locks" / f"{name}.lock"
