"""A picture among the items: what is known of it without its pixels, and where they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class File:
    """A picture as a data set has it."""

    name: str
    """What people know it by: its path in the data, or its row."""
    read: Callable[[], bytes]
    """The file's bytes. Raises HarnessError where it cannot be read."""


@dataclass(frozen=True)
class Picture:
    """A picture that was read once and is kept. Pickled without its pixels."""

    sha256: str
    """Of its size and its decoded pixels."""
    name: str
    width: int
    height: int
    store: Path
    """The folder that keeps it."""

    def pixels(self) -> np.ndarray:
        """RGB, [height, width, 3] uint8."""
        from harness.inputs.picture_store import open_pictures

        return open_pictures(self.store).pixels(self.sha256)
