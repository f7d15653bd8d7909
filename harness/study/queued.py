"""What an executor carries out: a run, a check for forgetting, a round of latency.

A piece of work reads finished runs of a store and writes runs into it, so it can be carried out on
another machine that is given the one and hands back the other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from harness.backbones.handle import Handle
from harness.common.device import Device
from harness.processes.own import Returned, Say, in_own_process
from harness.processes.server import start_server
from harness.processes.turns import alone
from harness.study.alone import forked, run_locally
from harness.study.assignment import Assignment
from harness.study.forgetting import Check, measure_check
from harness.study.rounds import Round, time_round
from harness.study.store import Store
from harness.suite import RunLimits


class Queued(Protocol):
    """Work in a process of its own, which has a device to itself."""

    @property
    def title(self) -> str:
        """For people."""

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """The runs that it is about, all of one store and one device."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Ids of runs that must lie in the store."""

    @property
    def writes(self) -> tuple[str, ...]:
        """Ids of runs that it makes or adds to."""

    def moved(self, runs: Path, device: Device) -> Self:
        """The same, for the store in another folder and a device of the same kind."""

    def carry_out(self, say: Say) -> Returned:
        """Do it here. Raises CannotWriteError."""


@dataclass(frozen=True)
class QueuedRun:
    """One run. Its outcome holds the record, whatever came of it."""

    title: str
    assignment: Assignment
    limits: RunLimits

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        return (self.assignment,)

    @property
    def reads(self) -> tuple[str, ...]:
        return _ids(_below(self.assignments))

    @property
    def writes(self) -> tuple[str, ...]:
        return _ids(self.assignments)

    def moved(self, runs: Path, device: Device) -> Self:
        return dataclasses.replace(self, assignment=_moved(self.assignment, runs, device))

    def carry_out(self, say: Say) -> Returned:
        return Returned(run_locally(forked, self.assignment, say, self.limits))


@dataclass(frozen=True)
class QueuedForgetting:
    """What the tuned runs of a backbone forgot."""

    check: Check
    limits: RunLimits

    @property
    def title(self) -> str:
        return f"forgetting of {self.check.backbone.name}"

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        return self.check.runs

    @property
    def reads(self) -> tuple[str, ...]:
        return _ids((*self.assignments, *_below(self.assignments)))

    @property
    def writes(self) -> tuple[str, ...]:
        return _ids(self.assignments)

    def moved(self, runs: Path, device: Device) -> Self:
        moved = tuple(_moved(a, runs, device) for a in self.assignments)
        return dataclasses.replace(
            self, check=dataclasses.replace(self.check, runs=moved, device=device))

    def carry_out(self, say: Say) -> Returned:
        with alone(self.check.device, say):
            return in_own_process(start_server(), measure_check, self.check, say, self.limits)


@dataclass(frozen=True)
class QueuedLatency:
    """The latency of all methods in one process. Its outcome holds the figures by run id."""

    timed: Round
    limits: RunLimits
    title: str = "latency"
    writes: tuple[str, ...] = ()

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        return self.timed.assignments

    @property
    def reads(self) -> tuple[str, ...]:
        return _ids((*self.assignments, *_below(self.assignments)))

    def moved(self, runs: Path, device: Device) -> Self:
        moved = tuple(_moved(a, runs, device) for a in self.assignments)
        return dataclasses.replace(self, timed=dataclasses.replace(self.timed, assignments=moved))

    def carry_out(self, say: Say) -> Returned:
        with alone(self.assignments[0].device, say):
            return in_own_process(start_server(), time_round, self.timed, say, self.limits)


def store_of(queued: Queued) -> Store:
    """Where the work's runs lie."""
    return queued.assignments[0].store


def models_of(queued: Queued) -> set[Handle]:
    """The models that the work reads."""
    return {handle for assignment in (*queued.assignments, *_below(queued.assignments))
            for handle in (assignment.backbone, assignment.embedder, assignment.reranker)
            if handle is not None}


def _below(assignments: Iterable[Assignment]) -> Iterator[Assignment]:
    """The runs that these build on."""
    for assignment in assignments:
        for below in (assignment.inner, assignment.retriever):
            if below is not None:
                yield below
                yield from _below((below,))


def _ids(assignments: Iterable[Assignment]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a.identity.run_id for a in assignments))


def _moved(assignment: Assignment, runs: Path, device: Device) -> Assignment:
    inner, retriever = (below and _moved(below, runs, device)
                        for below in (assignment.inner, assignment.retriever))
    return dataclasses.replace(assignment, runs=runs, device=device, inner=inner,
                               retriever=retriever)
