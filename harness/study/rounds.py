"""The latency round of a study: all methods of the first seed in one process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from harness.common.device import cpu_name
from harness.common.files import sha256_json
from harness.common.provenance import ITEMS, provenance
from harness.measure.latency import LatencyFigures, measure_latency
from harness.methods.fitted import Answering
from harness.methods.reading import reading
from harness.study.assignment import Assignment, is_merged, load_fitted, load_served
from harness.suite import Latency
from harness.tasks.examples import Item

UNTIMED = (*ITEMS, "harness.forgetting")


class ShippedRun(Protocol):
    """A finished run in a format that it was exported to, which answers on the CPU."""

    @property
    def run_id(self) -> str:
        """Of the run, which is timed beside it."""

    @property
    def to(self) -> str:
        """The format."""

    @property
    def weights_sha256(self) -> str:
        """Of what was asked the test items."""

    def load(self, assignment: Assignment) -> Answering:
        """The run of this assignment in this format. Raises HarnessError where its weights are
        others now."""


@dataclass(frozen=True)
class Round:
    """Which finished runs are timed together, on which items, how."""

    assignments: tuple[Assignment, ...]
    items: tuple[Item, ...]
    settings: Latency
    shipped: tuple[ShippedRun, ...] = ()

    @property
    def name(self) -> str:
        """Names runs, items, settings and code: figures with this name may be compared."""
        return sha256_json([
            [a.identity.run_id for a in self.assignments], [e.id for e in self.items],
            self.settings.model_dump(), provenance(__name__, known=UNTIMED).key,
            *([one.run_id, one.to, one.weights_sha256] for one in self.shipped),
        ])[:16]


@dataclass(frozen=True)
class Timed:
    """Figures of a run as it would be deployed, and apart from the weights where that is another
    form."""

    served: LatencyFigures
    apart: LatencyFigures | None


Which = tuple[str, str | None]
"""A run by its id, and the format that it was exported to; None for the run itself."""


def time_round(timed: Round, say: Callable[[str], None]) -> dict[Which, Timed]:
    """Load every fitted method, as a team would deploy it, and what it was exported to, and time
    them interleaved; adapters that are merged also as they are apart."""
    served, apart, shipped = {}, {}, {}
    for assignment in timed.assignments:
        run_id = assignment.identity.run_id
        say(f"latency: loading {assignment.identity.label}")
        # Without what is kept: a request's text is always new.
        anew = dataclasses.replace(assignment, features=None, answers=None)
        served[run_id] = reading(load_served(anew), assignment.budget.words)
        if is_merged(assignment):
            apart[f"{run_id} apart"] = reading(load_fitted(anew), assignment.budget.words)
        for one in timed.shipped:
            if one.run_id == run_id:
                say(f"latency: loading {assignment.identity.label} as {one.to}")
                shipped[f"{run_id} {one.to}"] = reading(one.load(anew), assignment.budget.words)
    found = measure_latency(served | apart | shipped, timed.items, timed.settings,
                            timed.assignments[0].device, timed.name, say)
    away = {a.identity.run_id for a in timed.assignments if a.endpoint is not None}
    runs: dict[Which, Timed] = {
        (run_id, None): Timed(found[run_id].model_copy(update={"network": run_id in away}),
                              found.get(f"{run_id} apart")) for run_id in served}
    return runs | {(one.run_id, one.to): Timed(
        found[f"{one.run_id} {one.to}"].model_copy(update={"device": cpu_name()}), None)
        for one in timed.shipped}
