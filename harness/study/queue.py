"""Queued work in an order that respects what it needs, and the local executor of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from harness.processes.own import Returned, Say
from harness.study.planning.plan import PlannedRun
from harness.study.queued import Queued
from harness.study.record import Record


class Watcher(Protocol):
    """Told what happens while a study runs."""

    def started(self, run: PlannedRun) -> None:
        """A run begins."""

    def placed(self, title: str, where: str) -> None:
        """A machine of several has taken work up; another one, after it was lost."""

    def said(self, text: str) -> None:
        """Something happened inside it."""

    def warned(self, text: str) -> None:
        """Something that a person must see went wrong."""

    def ended(self, run: PlannedRun, record: Record) -> None:
        """A run has its record."""


class Queue(Protocol):
    """Work, each piece handed out when all that it needs is done."""

    def next(self) -> Queued | None:
        """One that can begin; None where none is left, or all wait for what is under way."""

    def ended(self, queued: Queued, outcome: Returned) -> None:
        """What came of one that was handed out."""


Executor = Callable[[Queue, Watcher], None]
"""Carries out all of a queue."""


def in_turn(carry_out: Callable[[Queued, Say], Returned], queue: Queue, watcher: Watcher) -> None:
    """One piece of work after another, carried out so. Raises HarnessError where one cannot be."""
    while (queued := queue.next()) is not None:
        queue.ended(queued, carry_out(queued, watcher.said))


def one_by_one(queue: Queue, watcher: Watcher) -> None:
    """The local executor: on this machine, one piece of work after another."""
    in_turn(lambda queued, say: queued.carry_out(say), queue, watcher)


@dataclass
class Listed:
    """Pieces of work that need nothing of each other, and who is told what came of them."""

    left: list[Queued]
    told: Callable[[Queued, Returned], None]

    def next(self) -> Queued | None:
        return self.left.pop(0) if self.left else None

    def ended(self, queued: Queued, outcome: Returned) -> None:
        self.told(queued, outcome)
