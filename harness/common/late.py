"""A library that stays out of a process until the process needs it.

PEFT imports bitsandbytes wherever that is installed. It takes a second, begins with CUDA, after
which no process that is forked from this one can, and looks for kernels on a hub.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import reload

LATE = "bitsandbytes"
FETCHES = "kernels"
"""A library by which it would fetch code from a hub and run it, where that is installed."""
MADE_WITHOUT = "transformers.integrations.bitsandbytes"
"""A module that is empty where it was imported without it."""


def keep_out() -> None:
    """Whoever asks for the library from now on is told that it is not installed."""
    _refuse(LATE)


def _refuse(name: str) -> None:
    """As the import system does: a name without a module (docs.python.org, `sys.modules`)."""
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def let_in() -> None:
    """Import it, for everybody. It fetches no code, and says nothing of what it did not find."""
    kept_out = sys.modules.get(LATE, LATE) is None
    if kept_out:
        del sys.modules[LATE]
    logging.getLogger(LATE).setLevel(logging.ERROR)
    with _refused(FETCHES):
        import bitsandbytes  # noqa: F401  (for whoever imports it next)
    if kept_out:
        _forget_that_it_was_not_there()


def _forget_that_it_was_not_there() -> None:
    from peft.import_utils import is_bnb_4bit_available, is_bnb_available
    from transformers.utils.import_utils import is_bitsandbytes_available

    for known in (is_bnb_4bit_available, is_bnb_available, is_bitsandbytes_available):
        known.cache_clear()
    if MADE_WITHOUT in sys.modules:
        reload(sys.modules[MADE_WITHOUT])


@contextmanager
def _refused(name: str) -> Iterator[None]:
    """Nobody can import a library in the block that was not imported before it."""
    known = name in sys.modules
    _refuse(name)
    try:
        yield
    finally:
        if not known:
            del sys.modules[name]
