"""Matched comparison of fine-tuning, adapters, frozen features, retrieval and prompting."""

import sys
from importlib import import_module
from types import ModuleType

# By name: this file is part of whatever computes, and the API is not.
_API = import_module(f"{__name__}.api")
__all__ = sorted(_API.NAMES)


class _Name:
    """A name of the API: its file is imported when it is asked for.

    Some rooms are called as what they do. The import system would put such a room in the place of
    the function; it is found by `from harness.check.finding import Finding` all the same.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, package: ModuleType | None, owner: type | None = None) -> object:
        return getattr(import_module(_API.NAMES[self.name]), self.name)

    def __set__(self, package: ModuleType, value: object) -> None:
        if not isinstance(value, ModuleType):
            raise AttributeError(f"harness.{self.name} cannot be set")


def _names(package: ModuleType) -> list[str]:
    return sorted({*vars(package), *__all__})


sys.modules[__name__].__class__ = type(
    "Package", (ModuleType,), {"__dir__": _names} | {name: _Name(name) for name in __all__})
