"""Work in a process of its own, forked from a clean server, with limits on time and memory.

The server has the libraries imported and nothing else, so a run starts at once, its peak memory
is its own, and a run that is killed takes nothing with it.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from types import ModuleType
from typing import Any

import psutil

from harness.common.errors import CannotWriteError
from harness.common.heap import keep_freed_memory
from harness.common.kinds import State
from harness.suite import RunLimits

Say = Callable[[str], None]
UNLIMITED = RunLimits()
GRACE = 20.0
"""Seconds that a process may take to end after its last word."""


@dataclass(frozen=True)
class Returned:
    """What came of work in another process: its result, or why there is none."""

    result: Any = None
    failure: str | None = None
    state: State = "failed"
    """How a run without a result ended."""
    unwritable: CannotWriteError | None = None


def in_own_process(context: ForkServerContext, work: Callable[..., Any], argument: Any, say: Say,
                   limits: RunLimits = UNLIMITED) -> Returned:
    """`work(argument, say)` in a forked process, which ends when this one does and sees this one's
    variables of the environment as they are now, whenever the server began.

    Raises CannotWriteError where the process could not write what it had to.
    """
    here, there = context.Pipe()
    process = context.Process(target=_with_environment,
                              args=(dict(os.environ), work, argument, there, limits), daemon=True)
    with nullcontext() if work.__module__ == "__main__" else main_unseen():
        process.start()
    there.close()
    try:
        outcome = _listen(here, say, limits)
        # Whoever has said all may still hang: in a library's thread, or at its end.
        process.join(0 if outcome is not None and outcome.state == "timed-out" else GRACE)
        ended = process.exitcode
        process.kill()
        process.join()
    except BaseException:
        process.kill()
        process.join()
        raise
    finally:
        here.close()
    if outcome is None:
        return _cut_short(ended)
    if outcome.unwritable is not None:
        raise outcome.unwritable
    return outcome


def _with_environment(environment: Mapping[str, str], *serving: Any) -> None:
    """`serve` with these variables, beside those that the server's libraries set."""
    os.environ.update(environment)
    serve(*serving)


@contextmanager
def main_unseen() -> Iterator[None]:
    """A process started in the block does not run the program's main file again, as it otherwise
    would: a script that calls the harness would begin its study anew in each run."""
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _listen(channel: Connection, say: Say, limits: RunLimits) -> Returned | None:
    """What the process says, to its end; None when it ends without an outcome."""
    end = None if limits.minutes is None else time.monotonic() + 60 * limits.minutes
    while end is None or channel.poll(max(0.0, end - time.monotonic())):
        try:
            message = channel.recv()
        except (EOFError, ConnectionResetError):
            return None
        if isinstance(message, Returned):
            return message
        say(message)
    return too_late(limits)


def too_late(limits: RunLimits) -> Returned:
    """Of work that was stopped at its time limit."""
    return Returned(failure=f"stopped after {limits.minutes:g} minutes, the suite's "
                           "run_limits.minutes", state="timed-out")


def _cut_short(code: int | None) -> Returned:
    """Of work whose process ended without a word: no method says so, whatever ended it."""
    if code == -signal.SIGKILL:
        return Returned(failure="killed by the operating system, most likely for lack of memory",
                       state="out-of-memory")
    names = {-known.value: known.name for known in signal.Signals}
    by = f"by {names[code]}" if code in names else f"with code {code}"
    return Returned(failure=f"its process was ended {by}", state="interrupted")


def serve(work: Callable[..., Any], argument: Any, channel: Connection, limits: RunLimits
          ) -> None:
    """`work(argument, say)` in this process, for the one at the other end of the channel."""
    # What the libraries made is no garbage of this run: looking through it at every collection
    # takes a third of a second and copies the pages that all runs share.
    gc.freeze()
    # The terminal sends Ctrl-C to the whole group; the parent decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(channel,), daemon=True).start()
    keep_freed_memory()
    if limits.memory_gib is not None:
        most = psutil.Process().memory_info().data + int(limits.memory_gib * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    outcome = outcome_of(work, argument, channel.send)
    try:
        channel.send(outcome)
    except (BrokenPipeError, ConnectionResetError):
        os._exit(1)  # the study has ended: nobody waits for this run


def outcome_of(work: Callable[..., Any], argument: Any, say: Say) -> Returned:
    """What comes of `work(argument, say)` in this process; an error as words."""
    try:
        return Returned(work(argument, say))
    except CannotWriteError as error:
        return Returned(unwritable=error)
    except Exception as error:  # it crosses the process border
        return Returned(failure=f"{type(error).__name__}: {str(error)[:300]}")


def _end_with_parent(channel: Connection) -> None:
    """The parent never sends: its end of the channel becomes readable when it is gone."""
    channel.poll(None)
    os._exit(1)
