"""A registry of named things, each registered beside its definition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from harness.common.errors import HarnessError
from harness.common.names import did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Lower-case names to things; a second registration of one name stops at import."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that adds the decorated thing under `name`."""

        def add(entry: T) -> T:
            if name in self._entries:
                raise ValueError(f"{self.what} '{name}' is registered twice")
            self._entries[name] = entry
            return entry

        return add

    def __getitem__(self, name: str) -> T:
        if name not in self._entries:
            fix = did_you_mean(name, self._entries)
            raise HarnessError(f"there is no {self.what} '{name}'", fix)
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
