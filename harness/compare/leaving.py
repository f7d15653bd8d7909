"""Which methods leave a study by minutes, on what evidence, and when it is settled."""

from __future__ import annotations

from collections.abc import Container

from harness.compare.summary import Summary
from harness.compare.verdict import Verdict, outdone
from harness.measure.part import RecordPart
from harness.study.study import Study


class Left(RecordPart):
    """A method that can no longer be the best, nor within what matters of it."""

    name: str
    draws: int
    """That it took part in."""
    minutes: float | None
    """That the study had then used; None where that was not kept."""
    better: str
    """An admissible method, or one that was when this one left."""
    difference: float
    """By which it is better, on the draws of both."""
    at_least: float
    at_most: float
    """Always-valid ends: a study in twenty breaks either, over all looks, whichever of all methods
    is held against the truly best one."""


def leavers(study: Study, summary: Summary, verdict: Verdict) -> tuple[Left, ...]:
    """Those that an admissible method is significantly better than, by more than what matters, over
    all methods and looks. What another stands on stays for as long as that does; what hangs on no
    draw has nothing to leave."""
    if study.bought is None or study.bought.draws < 2:
        return ()
    found = {row.name: left for row in summary.rows if row.random and row.standing
             if (left := _left(study, summary, verdict, row.name, row.seeds))}
    while kept := found.keys() & _beneath(study, found.keys()):
        found = {name: left for name, left in found.items() if name not in kept}
    return tuple(found.values())


def settled(study: Study, verdict: Verdict) -> bool:
    """Whether no further draw of a study by minutes is needed: which method to use is shown, for
    training sets like those that were drawn."""
    return study.bought is not None and study.bought.draws > 1 and verdict.answer == "use"


def _left(study: Study, summary: Summary, verdict: Verdict, name: str, draws: int) -> Left | None:
    out = {breach.name for breach in (*verdict.ruled_out, *verdict.unproven)}
    others = [row.name for row in summary.rows
              if row.standing not in (None, "ceiling") and row.name not in out]
    found = outdone(summary, name, others, verdict.matters)
    if found is None or study.bought is None:
        return None
    (better, gap), spent = found, study.bought.ends.get(draws)
    return Left(name=name, draws=draws, minutes=None if spent is None else spent / 60,
                better=better, difference=gap.difference, at_least=gap.at_least,
                at_most=gap.at_most)


def _beneath(study: Study, leaving: Container[str]) -> set[str]:
    """What the methods that stay stand on."""
    by_id = {record.identity.run_id: record.identity.name for record in study.records}
    return {by_id[record.identity.inner] for record in study.records
            if record.identity.name not in leaving and record.identity.inner in by_id}
