"""Two costs: what a method would take alone holds all that it took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.compare.rule import Rule, judged, run_name
from harness.measure.cost import Cost
from harness.study.record import Record

UNTIMED_SECONDS, UNTIMED_SHARE = 10.0, 0.05
"""What a run may take between its phases, which no method is charged for: imports, seeding,
gathering of what is no longer held."""
ROUNDING = 1e-6


def two_costs(done: Sequence[Record]) -> Rule:
    """Every run has a cost; its parts add up; and it took no more here than alone, but for what
    lies between phases."""
    broken = [f"{run_name(record)}: {fault}" for record in done
              for fault in (_faults(record, record.cost) if record.cost
                            else ("its cost was not measured",))]
    shared = sum(r.cost.shared_seconds for r in done if r.cost)
    alone = sum(r.cost.stand_alone_seconds for r in done if r.cost)
    return judged(
        "Two costs", "The cost compared is what a method would take alone; what it took here, "
        "with shared caches, is beside it.", broken,
        f"Adapting took {shared:.0f} s here; the methods one by one would take {alone:.0f} s. No "
        "run took longer here than that, but for what lies between its phases.",
        None if done else "No run is done.")


def _faults(record: Record, cost: Cost) -> Iterator[str]:
    alone, shared = cost.stand_alone_seconds, cost.shared_seconds
    tried, phases = sum(t.seconds for t in record.trials), sum(cost.phases.values())
    if min(alone, shared, cost.trial_seconds, *cost.phases.values()) < 0:
        yield "a time below zero"
    if _exceeds(tried, alone):
        yield f"its trials took {tried:.2f} s, more than the {alone:.2f} s of all of it"
    if _exceeds(phases + cost.trial_seconds, alone):
        yield (f"its phases and other trials took {phases + cost.trial_seconds:.2f} s, more than "
               f"the {alone:.2f} s of all of it")
    if shared > alone * (1 + UNTIMED_SHARE) + UNTIMED_SECONDS:
        yield f"took {shared:.1f} s here, and {alone:.1f} s are said to be enough alone"


def _exceeds(part: float, whole: float) -> bool:
    return part > whole + ROUNDING * max(1.0, whole)
