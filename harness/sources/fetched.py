"""What every source returns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fetched:
    """Something on this machine: where it lies, the hash of its content, where it came from."""

    path: Path
    sha256: str
    origin: str
