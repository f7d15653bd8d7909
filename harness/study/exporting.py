"""What a study asks of runs that are exported: rooms that write them stand after this one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from harness.processes.own import Returned
from harness.study.assignment import Assignment
from harness.study.planning.plan import Plan, PlannedRun
from harness.study.queued import Queued
from harness.study.rounds import ShippedRun
from harness.study.store import Store

Assign = Callable[[PlannedRun], Assignment]


class Exporting(Protocol):
    """How a study's finished runs are exported, asked again and loaded to be timed."""

    def queued(self, plan: Plan, store: Store, assign: Assign) -> Sequence[Queued]:
        """What is still to be exported."""

    def ended(self, queued: Queued, outcome: Returned) -> Sequence[str]:
        """Keep what came of it. What a person must see."""

    def timed(self, plan: Plan, store: Store) -> tuple[ShippedRun, ...]:
        """What is timed beside the runs: of each first seed what could be exported."""


class NoExports:
    """Of a suite that asks for none."""

    def queued(self, plan: Plan, store: Store, assign: Assign) -> Sequence[Queued]:
        return ()

    def ended(self, queued: Queued, outcome: Returned) -> Sequence[str]:
        return ()

    def timed(self, plan: Plan, store: Store) -> tuple[ShippedRun, ...]:
        return ()
