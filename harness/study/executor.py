"""Runs carried out one after another, each in a process forked from a clean server.

The server has the libraries imported and nothing else, so a run starts at once, its peak memory
is its own, and a run that is killed takes nothing with it.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Any

from harness.study.record import Record
from harness.study.work import Assignment, carry_out, failure

SERVER_MODULES = ["harness.study.work", "harness.study.rounds"]
Say = Callable[[str], None]


def start_server() -> ForkServerContext:
    """Start importing the libraries in the server that runs are forked from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(SERVER_MODULES)
    resource_tracker.ensure_running()
    return context


def in_own_process(context: ForkServerContext, work: Callable[..., Any], argument: Any, say: Say
                   ) -> tuple[Any, int]:
    """`work(argument, say)` in a forked process: its result (None when it died), its exit code.

    Ends the process when this one is interrupted.
    """
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(work, argument, there), daemon=True)
    process.start()
    there.close()
    result = None
    try:
        while True:
            try:
                what, content = here.recv()
            except EOFError:
                break
            if what == "say":
                say(content)
            else:
                result = content
        process.join()
    except BaseException:
        process.kill()
        process.join()
        raise
    finally:
        here.close()
    return result, process.exitcode or 0


def run_locally(context: ForkServerContext, assignment: Assignment, say: Say) -> Record:
    """One run in its own process. A process that dies leaves a record that says how."""
    with assignment.store.lock(assignment.identity.run_id):
        done = assignment.store.load(assignment.identity.run_id)
        if done is not None and assignment.store.finished(assignment.identity.run_id):
            return done
        record, code = in_own_process(context, carry_out, assignment, say)
        if isinstance(record, Record):
            return record
        killed = code == -signal.SIGKILL
        reason = ("killed by the operating system, most likely for lack of memory" if killed
                  else f"the run's process ended with code {code}")
        return assignment.store.write(
            failure(assignment, "out-of-memory" if killed else "failed", reason))


def _child(work: Callable[..., Any], argument: Any, channel: Connection) -> None:
    # The terminal sends Ctrl-C to the whole group; the parent decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    result = work(argument, lambda text: channel.send(("say", text)))
    channel.send(("done", result))
    channel.close()
