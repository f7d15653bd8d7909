"""Ctrl-C, a pipeline's polite stop and a terminal that is closed, handled alike."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130
"""The exit code that shells give a program stopped by Ctrl-C."""
MOMENT = 0.05
"""Seconds."""


@contextmanager
def stopping_politely(how_to_go_on: str = "") -> Iterator[None]:
    """End the process with exit code 130 and a line on how to go on when it is asked to stop.

    Also where a library that was being imported makes another error of it, and where none comes of
    it because a destructor or a callback was interrupted, whose errors Python only prints.
    """
    asked: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        raise KeyboardInterrupt

    def lost(found: sys.UnraisableHookArgs) -> None:
        if asked and issubclass(found.exc_type, KeyboardInterrupt):
            # A moment later, or it would be lost in here.
            again = threading.Timer(MOMENT, _thread.interrupt_main, (asked[-1],))
            again.daemon = True
            again.start()
        else:
            told(found)

    before, told = {number: signal.getsignal(number) for number in STOPS}, sys.unraisablehook
    sys.unraisablehook = lost
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    try:
        yield
    except BaseException:
        if not asked:
            raise
        _end_children()
        with suppress(OSError):  # a closed terminal hears nothing more
            print(f"Stopped. {how_to_go_on}".strip(), flush=True)  # noqa: T201
        sys.exit(INTERRUPTED)
    finally:
        sys.unraisablehook = told
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_children() -> None:
    """End what this process started, a download or a server of runs that is still importing:
    whoever waits for our output waits for theirs too."""
    import psutil  # here, so that a stop is polite before anything is imported

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            child.kill()
