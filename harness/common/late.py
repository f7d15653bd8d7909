"""A library that stays out of a process until the process needs it.

PEFT imports bitsandbytes wherever that is installed. It takes a second, begins with CUDA, after
which no process that is forked from this one can, and looks for kernels on a hub.
"""

from __future__ import annotations

import logging
import sys
from importlib import reload

from harness.common.imports import absent

LATE = "bitsandbytes"
FETCHES = "kernels"
"""A library by which it would fetch code from a hub and run it, where that is installed."""
MADE_WITHOUT = "transformers.integrations.bitsandbytes"
"""A module that is empty where it was imported without it."""


def keep_out() -> None:
    """Whoever asks for the library from now on is told that it is not installed."""
    sys.modules.setdefault(LATE, None)  # type: ignore[arg-type]  # how Python refuses an import


def let_in() -> None:
    """Import it, for everybody. It fetches no code, and says nothing of what it did not find."""
    kept_out = sys.modules.get(LATE, LATE) is None
    if kept_out:
        del sys.modules[LATE]
    logging.getLogger(LATE).setLevel(logging.ERROR)
    with absent(FETCHES):
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
