"""The environment of a run: versions, hardware, code."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import harness
from harness.common.device import Device, cpu_count, cpu_name
from harness.common.files import sha256_file, sha256_json
from harness.common.waiting import waiting
from harness.study.record import Environment

COMPUTING_LIBRARIES = ("torch", "transformers", "peft", "accelerate", "tokenizers", "faiss-cpu",
                       "sentence-transformers", "scikit-learn", "scipy", "numpy", "safetensors")
COMPUTING_ROOMS = ("common", "tasks", "backbones", "methods", "measure")
APART = Path(harness.__file__).parent / "measure" / "forgetting"
"""Measured on finished runs, under a key of its own."""
COMPUTING_FILES = ("study/work.py",)
"""What a suite says of a run is in the run's identity, so the code that reads suites is not."""


@cache
def library_versions() -> dict[str, str]:
    """Versions of the libraries that compute."""
    found = {}
    for name in COMPUTING_LIBRARIES:
        try:
            found[name] = version(name).split("+")[0]
        except PackageNotFoundError:
            found[name] = "absent"
    return found


@cache
def code_sha256() -> str:
    """Hash of the harness's own files that determine a result."""
    root = Path(harness.__file__).parent
    files = [root / name for name in COMPUTING_FILES]
    files += [path for room in COMPUTING_ROOMS for path in (root / room).rglob("*.py")
              if APART not in path.parents]
    return sha256_json({p.relative_to(root).as_posix(): sha256_file(p) for p in files})


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
