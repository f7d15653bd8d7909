"""The environment of a run: versions, hardware, code."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from pathlib import Path

import harness
from harness.common.device import Device, cpu_count, cpu_name
from harness.common.waiting import waiting
from harness.study.record import Environment


def environment(device: Device) -> Environment:
    """This process's environment."""
    commit, dirty = git_state()
    return Environment(
        python=platform.python_version(), platform=f"{platform.system()} {platform.machine()}",
        processor=cpu_name(), cores=cpu_count(), threads=device.threads, device=device.name,
        autocast=device.autocast, waiting=waiting(), commit=commit, dirty=dirty,
    )


@cache
def git_state() -> tuple[str | None, bool | None]:
    """Commit of the harness's checkout and whether it is dirty; None outside one."""
    root = Path(harness.__file__).parent

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True,  # noqa: S607
                              encoding="utf-8", errors="replace",
                              check=True, timeout=10).stdout.strip()

    try:
        tracked = git("ls-files", "--error-unmatch", "__init__.py")
        return (git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", "."))) \
            if tracked else (None, None)
    except (subprocess.SubprocessError, OSError):
        return None, None
