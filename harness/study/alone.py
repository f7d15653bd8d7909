"""One run in a process of its own, alone on its device: whatever comes of it is a record."""

from __future__ import annotations

from collections.abc import Callable

from harness.processes.own import Returned, Say, in_own_process
from harness.processes.server import start_server
from harness.processes.turns import alone
from harness.study.assignment import Assignment
from harness.study.record import Record
from harness.study.work import carry_out, failure
from harness.suite import RunLimits

Carry = Callable[[Assignment, Say, RunLimits], Returned]
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


def forked(assignment: Assignment, say: Say, limits: RunLimits) -> Returned:
    """A run in one process, forked from the server."""
    return in_own_process(start_server(), carry_out, assignment, say, limits)
