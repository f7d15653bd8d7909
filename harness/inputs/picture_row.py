"""What a reader of pictures yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class PictureRow:
    """One item as the data has it: a file's bytes, undecoded, and what is said of it."""

    picture: bytes
    name: str
    """Where it is from, as errors name it: a path below the data's folder, or a table's row."""
    label: str
    group: str | None = None
    slices: Mapping[str, str] = field(default_factory=dict)
    split: Literal["train", "validation", "test"] | None = None
    """Where the data says so itself."""
