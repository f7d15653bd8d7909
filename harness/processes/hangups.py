"""Imported by the server of runs alone: it says nothing of a request that was broken off.

Whoever is stopped while it asks for a process leaves the server, or the process just forked, with
half a request. Both end of that, as they should; their tracebacks would follow the last word of a
study that stopped politely.
"""

from __future__ import annotations

import sys
from pickle import UnpicklingError
from types import TracebackType

BROKEN_OFF = (EOFError, ConnectionError, UnpicklingError)
"""What half a request is to its reader: nothing, a peer that is gone, or a cut pickle."""


def say_unless_broken_off(kind: type[BaseException], error: BaseException,
                          trace: TracebackType | None) -> None:
    """A hook for errors that nobody caught: prints all but a request that was broken off."""
    if not issubclass(kind, BROKEN_OFF):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = say_unless_broken_off
