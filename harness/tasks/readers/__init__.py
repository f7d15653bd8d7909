"""Readers: a fetched source becomes rows. Each registers a function and its options; so do those of
other packages (`common.plugins`)."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from harness.common.kinds import Input
from harness.common.plugins import load_plugins
from harness.common.registry import Registry
from harness.inputs.picture_row import PictureRow
from harness.tasks.examples import Row


class ReaderOptions(BaseModel):
    """Options of a reader: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Reader:
    """A function from a local path and options to rows, the type of the options, and what an item
    is."""

    read: Callable[[Path, Any], Iterator[Any]]
    """Yields `Row`, or where items are pictures `PictureRow`."""
    options: type[ReaderOptions]
    input: Input = "text"


READERS: Registry[Reader] = Registry("reader")


def reader(name: str, options: type[ReaderOptions]
           ) -> Callable[[Callable[[Path, Any], Iterator[Row]]],
                         Callable[[Path, Any], Iterator[Row]]]:
    """Register the decorated function as the reader `name`."""

    def add(read: Callable[[Path, Any], Iterator[Row]]) -> Callable[[Path, Any], Iterator[Row]]:
        READERS.register(name)(Reader(read, options))
        return read

    return add


def picture_reader(name: str, options: type[ReaderOptions]
                   ) -> Callable[[Callable[[Path, Any], Iterator[PictureRow]]],
                                 Callable[[Path, Any], Iterator[PictureRow]]]:
    """The same of a function that yields pictures."""

    def add(read: Callable[[Path, Any], Iterator[PictureRow]]
            ) -> Callable[[Path, Any], Iterator[PictureRow]]:
        READERS.register(name)(Reader(read, options, "image"))
        return read

    return add


for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
load_plugins("harness.readers")
