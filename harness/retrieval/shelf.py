"""Searches that a run has built, to be found by again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Built = TypeVar("Built")


@dataclass
class Shelf(Generic[Built]):
    """By what makes a search: of the settings that a run tries, many find by the same one."""

    built: dict[str, Built] = field(default_factory=dict)

    def get(self, key: str, build: Callable[[], Built]) -> Built:
        """What was built under a key; it is built where there is none."""
        if key not in self.built:
            self.built[key] = build()
        return self.built[key]
