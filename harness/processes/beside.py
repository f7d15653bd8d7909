"""Work in a process of its own beside a study, at the least priority and waited for in a bounded
time: it takes what nobody else wants of the processors, and no run waits for it."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from typing import Any

from harness.processes.own import GRACE, Returned, main_unseen, outcome_of

Work = Callable[[Any, Iterator[Any]], Any]
"""Of an argument and messages until no more come, of those that wait the newest alone; returns a
result."""


@dataclass
class Beside:
    """A process that works beside this one."""

    process: BaseProcess
    _to: Connection
    _back: Connection

    def tell(self, message: Any) -> None:
        """Send it a message of a few bytes. One that has ended hears nothing."""
        with suppress(OSError):
            self._to.send(message)

    def no_more(self) -> None:
        """Let it end when it has done what it was told."""
        self._to.close()

    def end(self, seconds: float) -> Returned:
        """What came of it, at the latest after so many seconds; then it is killed."""
        self.no_more()
        try:
            outcome: Returned = Returned(failure=f"it did not end in {seconds:g} seconds",
                                       state="timed-out")
            if self._back.poll(seconds):
                outcome = self._back.recv()
                self.process.join(GRACE)
        except EOFError:
            outcome = Returned(failure="its process was ended", state="interrupted")
        finally:
            self.process.kill()
            self.process.join()
            self._back.close()
        return outcome


def start_beside(context: ForkServerContext, work: Work, argument: Any) -> Beside:
    """Start `work(argument, messages)`. Where this process dies, the messages end."""
    heard, to = context.Pipe(duplex=False)
    back, answered = context.Pipe(duplex=False)
    process = context.Process(target=_serve, daemon=True, args=(
        dict(os.environ), work, argument, heard, answered))
    with main_unseen():
        process.start()
    heard.close()
    answered.close()
    return Beside(process, to, back)


def _serve(environment: Mapping[str, str], work: Work, argument: Any, heard: Connection,
           answered: Connection) -> None:
    os.environ.clear()
    os.environ.update(environment)
    _step_back()
    gc.freeze()
    outcome = outcome_of(lambda given, say: work(given, _messages(heard)), argument, print)
    with suppress(OSError):  # nobody waits for it
        answered.send(outcome)


def _step_back() -> None:
    """No terminal's signal reaches it, nothing that it says a terminal, and no run waits for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(nowhere, stream.fileno())
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(19)


def _messages(heard: Connection) -> Iterator[Any]:
    """The newest of those that came since the last."""
    more = True
    while more:
        found: list[Any] = []
        try:
            found.append(heard.recv())
            while heard.poll():
                found.append(heard.recv())
        except (EOFError, OSError):
            more = False
        yield from found[-1:]
