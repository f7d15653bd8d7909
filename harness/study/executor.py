"""Runs carried out one after another, each in a process forked from a clean server.

The server has the libraries imported and nothing else, so a run starts at once, its peak memory
is its own, and a run that is killed takes nothing with it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Any

from harness.study.record import Record, State
from harness.study.work import Assignment, carry_out, failure

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What came of work in another process: its result, or why there is none."""

    result: Any = None
    failure: str | None = None
    killed: bool = False


def in_own_process(context: ForkServerContext, work: Callable[..., Any], argument: Any, say: Say
                   ) -> Outcome:
    """`work(argument, say)` in a forked process, which ends when this one is interrupted."""
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(work, argument, there), daemon=True)
    process.start()
    there.close()
    outcome = None
    try:
        while True:
            try:
                message = here.recv()
            except EOFError:
                break
            if isinstance(message, Outcome):
                outcome = message
            else:
                say(message)
        process.join()
    except BaseException:
        process.kill()
        process.join()
        raise
    finally:
        here.close()
    if outcome is not None:
        return outcome
    if process.exitcode == -signal.SIGKILL:
        return Outcome(failure="killed by the operating system, most likely for lack of memory",
                       killed=True)
    return Outcome(failure=f"its process ended with code {process.exitcode}")


def run_locally(context: ForkServerContext, assignment: Assignment, say: Say) -> Record:
    """One run in its own process. A process that dies leaves a record that says how."""
    with assignment.store.lock(assignment.identity.run_id):
        done = assignment.store.standing(assignment.identity.run_id)
        if done is not None:
            return done
        outcome = in_own_process(context, carry_out, assignment, say)
        if isinstance(outcome.result, Record):
            return outcome.result
        state: State = "out-of-memory" if outcome.killed else "failed"
        return assignment.store.write(failure(assignment, state, str(outcome.failure)))


def _child(work: Callable[..., Any], argument: Any, channel: Connection) -> None:
    # The terminal sends Ctrl-C to the whole group; the parent decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        try:
            outcome = Outcome(work(argument, channel.send))
        except BrokenPipeError:
            raise
        except Exception as error:  # it crosses the process border as words
            outcome = Outcome(failure=f"{type(error).__name__}: {str(error)[:300]}")
        channel.send(outcome)
    except BrokenPipeError:
        os._exit(1)  # the study has ended: nobody waits for this run
    finally:
        channel.close()
