"""Runs carried out one after another, each in a process forked from a clean server.

The server has the libraries imported and nothing else, so a run starts at once, its peak memory
is its own, and a run that is killed takes nothing with it.
"""

from __future__ import annotations

import gc
import os
import platform
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

from harness.common.cache import cache_folder
from harness.common.device import Device
from harness.common.errors import CannotWriteError, HarnessError
from harness.common.heap import keep_freed_memory
from harness.common.locks import locked
from harness.study.record import Record, State
from harness.study.server import start_server
from harness.study.work import Assignment, carry_out, failure
from harness.suite import RunLimits

Say = Callable[[str], None]
UNLIMITED = RunLimits()
BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Names a machine as long as it runs, in its containers too."""
WAITING = "waiting for another study on this machine"
GRACE = 20.0
"""Seconds that a process may take to end after its last word."""


@dataclass(frozen=True)
class Outcome:
    """What came of work in another process: its result, or why there is none."""

    result: Any = None
    failure: str | None = None
    state: State = "failed"
    """How a run without a result ended."""
    unwritable: CannotWriteError | None = None


class BusyError(HarnessError):
    """Another work process of ours has the device."""


Turn = Callable[[Device, Say], AbstractContextManager[None]]
"""How a work process comes by the device: `alone` or `at_once`."""


def alone(device: Device, say: Say) -> AbstractContextManager[None]:
    """One work process of ours at a time on this machine's device, whatever study it is of.

    What is measured would otherwise share the device with another run.
    """
    return locked(_lock_of(device), partial(say, WAITING))


def at_once(device: Device, say: Say) -> AbstractContextManager[None]:
    """`alone` for what nobody should wait for. Raises BusyError where another has the device."""

    def refuse() -> None:
        raise BusyError("another study has this machine's device",
                        "Run the same command again when it is done.")

    return locked(_lock_of(device), refuse)


def _lock_of(device: Device) -> Path:
    """Machines may share the cache folder; each has its own lock, and so has each GPU that a
    cluster gives out."""
    boot = BOOT.read_text(encoding="utf-8").strip() if BOOT.exists() else platform.node()
    name = "-".join(filter(None, (device.type, os.environ.get("CUDA_VISIBLE_DEVICES"), boot)))
    return cache_folder() / "locks" / f"{name}.lock"


def in_own_process(context: ForkServerContext, work: Callable[..., Any], argument: Any, say: Say,
                   limits: RunLimits = UNLIMITED) -> Outcome:
    """`work(argument, say)` in a forked process, which ends when this one does.

    Raises CannotWriteError where the process could not write what it had to.
    """
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(work, argument, there, limits), daemon=True)
    with nullcontext() if work.__module__ == "__main__" else _main_unseen():
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


@contextmanager
def _main_unseen() -> Iterator[None]:
    """A process started in the block does not run the program's main file again, as it otherwise
    would: a script that calls the harness would begin its study anew in each run."""
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


Carry = Callable[[Assignment, Say, RunLimits], Outcome]
"""Carries out a run in a process of its own, or in several."""


def run_locally(carry: Carry, assignment: Assignment, say: Say, limits: RunLimits) -> Record:
    """One run, alone on its device. Processes that die leave a record that says how."""
    # The device first: work that has it takes locks of runs, too.
    with alone(assignment.device, say), assignment.store.lock(assignment.identity.run_id):
        done = assignment.store.standing(assignment.identity.run_id)
        if done is not None:
            return done
        outcome = carry(assignment, say, limits)
        if isinstance(outcome.result, Record):
            return outcome.result
        return assignment.store.write(failure(assignment, outcome.state, str(outcome.failure)))


def forked(assignment: Assignment, say: Say, limits: RunLimits) -> Outcome:
    """A run in one process, forked from the server."""
    return in_own_process(start_server(), carry_out, assignment, say, limits)


def _listen(channel: Connection, say: Say, limits: RunLimits) -> Outcome | None:
    """What the process says, to its end; None when it ends without an outcome."""
    end = None if limits.minutes is None else time.monotonic() + 60 * limits.minutes
    while end is None or channel.poll(max(0.0, end - time.monotonic())):
        try:
            message = channel.recv()
        except (EOFError, ConnectionResetError):
            return None
        if isinstance(message, Outcome):
            return message
        say(message)
    return too_late(limits)


def too_late(limits: RunLimits) -> Outcome:
    """Of work that was stopped at its time limit."""
    return Outcome(failure=f"stopped after {limits.minutes:g} minutes, the suite's "
                           "run_limits.minutes", state="timed-out")


def _cut_short(code: int | None) -> Outcome:
    """Of work whose process ended without a word: no method says so, whatever ended it."""
    if code == -signal.SIGKILL:
        return Outcome(failure="killed by the operating system, most likely for lack of memory",
                       state="out-of-memory")
    names = {-known.value: known.name for known in signal.Signals}
    by = f"by {names[code]}" if code in names else f"with code {code}"
    return Outcome(failure=f"its process was ended {by}", state="interrupted")


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


def outcome_of(work: Callable[..., Any], argument: Any, say: Say) -> Outcome:
    """What comes of `work(argument, say)` in this process; an error as words."""
    try:
        return Outcome(work(argument, say))
    except CannotWriteError as error:
        return Outcome(unwritable=error)
    except Exception as error:  # it crosses the process border
        return Outcome(failure=f"{type(error).__name__}: {str(error)[:300]}")


def _end_with_parent(channel: Connection) -> None:
    """The parent never sends: its end of the channel becomes readable when it is gone."""
    channel.poll(None)
    os._exit(1)
