"""Errands in an order that respects what they need, and the local executor of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from harness.study.errands import Errand
from harness.study.executor import Outcome, Say
from harness.study.plan import PlannedRun
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


class Agenda(Protocol):
    """Errands, each handed out when all that it needs is done."""

    def next(self) -> Errand | None:
        """One that can begin; None where none is left, or all wait for what is under way."""

    def ended(self, errand: Errand, outcome: Outcome) -> None:
        """What came of one that was handed out."""


Executor = Callable[[Agenda, Watcher], None]
"""Carries out all of an agenda."""


def in_turn(carry_out: Callable[[Errand, Say], Outcome], agenda: Agenda, watcher: Watcher) -> None:
    """One errand after another, each carried out so. Raises HarnessError where one cannot be."""
    while (errand := agenda.next()) is not None:
        agenda.ended(errand, carry_out(errand, watcher.said))


def one_by_one(agenda: Agenda, watcher: Watcher) -> None:
    """The local executor: on this machine, one errand after another."""
    in_turn(lambda errand, say: errand.carry_out(say), agenda, watcher)


@dataclass
class Listed:
    """Errands that need nothing of each other, and who is told what came of them."""

    errands: list[Errand]
    told: Callable[[Errand, Outcome], None]

    def next(self) -> Errand | None:
        return self.errands.pop(0) if self.errands else None

    def ended(self, errand: Errand, outcome: Outcome) -> None:
        self.told(errand, outcome)
