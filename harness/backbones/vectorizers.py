"""Backbones of other packages: frozen models that make a vector of each text.

A package names a module under the entry points `harness.backbones`; importing it registers what it
has. A suite names it beside the files that it reads: `kind: vectors`, `reader: NAME`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from harness.common.errors import HarnessError
from harness.common.plugins import load_plugins
from harness.common.provenance import provenance
from harness.common.registry import Registry


class Vectorizer(Protocol):
    """A frozen model of texts."""

    parameters: int
    """How many numbers it holds."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """[texts, width] of finite numbers. What it says of a text may not hang on the others."""


Read = Callable[[Path], Vectorizer]
"""From the file or folder that a suite's source names."""
Reads = TypeVar("Reads", bound=Read)
VECTORIZERS: Registry[Read] = Registry("reader of a backbone of kind vectors")


def vectorizer(name: str) -> Callable[[Reads], Reads]:
    """Register the decorated class or function, which reads a source, as `name`."""

    def add(read: Reads) -> Reads:
        VECTORIZERS.register(name)(read)
        return read

    return add


def _known(name: str) -> Read:
    """Packages are imported where a suite names something of theirs."""
    load_plugins("harness.backbones")
    return VECTORIZERS[name]


def code_of(name: str) -> str:
    """Names the code and the libraries of what reads; of a model's runs it is a part. Raises
    HarnessError for a name that there is not."""
    return provenance(_known(name).__module__).key


@lru_cache(maxsize=1)
def read_vectorizer(name: str, path: Path) -> Vectorizer:
    """The model in a file or folder; the last one is kept. Raises HarnessError where its package
    cannot read it."""
    read = _known(name)
    try:
        return read(path)
    except HarnessError:
        raise
    except Exception as error:  # whatever another package's code may raise
        raise HarnessError(f"{path.name}: '{name}' ({read.__module__}) cannot read it: "
                           f"{type(error).__name__}: {error}",
                           "Name a source that it reads, or mend the package.") from error


def vectors_of(model: Vectorizer, texts: Sequence[str], name: str) -> np.ndarray:
    """What the model says of texts, [texts, width] fp32. Raises HarnessError for another shape."""
    found = np.asarray(model.embed(texts), dtype=np.float32)
    if found.ndim != 2 or len(found) != len(texts):
        raise HarnessError(f"'{name}' gives vectors of shape {list(found.shape)} for {len(texts)} "
                           "texts, not a row a text", "Mend the package.")
    return found
