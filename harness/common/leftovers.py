"""Temporary files and folders that bear their writer's name, so that a dead writer's are known."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

OLD = 7 * 24 * 3600.0
"""Seconds."""
NAME = re.compile(r"\.tmp-([0-9a-f]{8})-(\d+)-")


def prefix() -> str:
    """How the names of this process's temporary files begin."""
    return f".tmp-{_place()}-{os.getpid()}-"


def sweep(folder: Path) -> None:
    """Remove what dead processes left in `folder`, not in the folders below it.

    Of processes elsewhere, which may write into a shared folder, only what is older than a week.
    """
    for path in folder.iterdir():
        writer = NAME.match(path.name)
        if writer and _is_left(path, writer[1], int(writer[2])):
            with suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _is_left(path: Path, place: str, process: int) -> bool:
    if place == _place():
        return not psutil.pid_exists(process)
    try:
        return time.time() - path.stat().st_mtime > OLD
    except OSError:
        return False


@cache
def _place() -> str:
    """Names what process numbers belong to: a machine, or a container on it."""
    space, machine = Path("/proc/self/ns/pid"), Path("/etc/machine-id")
    number = space.stat().st_ino if space.exists() else 0
    name = machine.read_text(encoding="utf-8") if machine.exists() else ""
    return hashlib.sha256(f"{platform.node()}:{name}:{number}".encode()).hexdigest()[:8]
