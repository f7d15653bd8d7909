"""The latency round of a study: all methods of the first seed in one process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from harness.common.files import sha256_json
from harness.common.provenance import ITEMS, provenance
from harness.measure.latency import LatencyFigures, measure_latency
from harness.methods.reading import reading
from harness.study.work import Assignment, load_fitted
from harness.suite import Latency
from harness.tasks.examples import Item

UNTIMED = (*ITEMS, "harness.forgetting")


@dataclass(frozen=True)
class Round:
    """Which finished runs are timed together, on which items, how."""

    assignments: tuple[Assignment, ...]
    items: tuple[Item, ...]
    settings: Latency

    @property
    def name(self) -> str:
        """Names runs, items, settings and code: figures with this name may be compared."""
        return sha256_json([
            [a.identity.run_id for a in self.assignments], [e.id for e in self.items],
            self.settings.model_dump(), provenance(__name__, known=UNTIMED).key,
        ])[:16]


def time_round(timed: Round, say: Callable[[str], None]) -> dict[str, LatencyFigures]:
    """Load every fitted method and time them interleaved. Figures by run id."""
    fitted = {}
    for assignment in timed.assignments:
        say(f"latency: loading {assignment.identity.label}")
        # Without what is kept: a request's text is always new.
        model = load_fitted(dataclasses.replace(assignment, features=None, answers=None))
        fitted[assignment.identity.run_id] = reading(model, assignment.budget.max_words)
    found = measure_latency(fitted, timed.items, timed.settings, timed.assignments[0].device,
                            timed.name, say)
    away = {a.identity.run_id for a in timed.assignments if a.endpoint is not None}
    return {run_id: figures.model_copy(update={"network": run_id in away})
            for run_id, figures in found.items()}
