"""Same effort over draws: who took part in fewer of them left by evidence."""

from __future__ import annotations

from collections.abc import Sequence

from harness.compare.leaving import Left
from harness.compare.rule import Rule, judged
from harness.study.study import Study


def left_by_evidence(study: Study, left: Sequence[Left]) -> Rule:
    """In a study by minutes no method has fewer draws than others but one that is shown, on those
    that it had, to be lower than another by more than what matters."""
    draws: dict[str, int] = {}
    for record in study.whole():
        if record.identity.random:
            draws[record.identity.name] = max(draws.get(record.identity.name, 0),
                                              record.identity.seed + 1)
    most, shown = max(draws.values(), default=1), {(each.name, each.draws) for each in left}
    fewer = {name: count for name, count in draws.items() if count < most}
    return judged(
        "Left by evidence", "No method left for want of effort: each takes part in every draw, or "
        "is shown at 5% over all methods and looks to be lower than another by more than what "
        "matters.",
        [f"{name} has {count} of {most} draws and is not shown to be lower"
         for name, count in fewer.items() if (name, count) not in shown],
        _evidence(most, [each for each in left if each.name in fewer]),
        "Runs are not done." if study.unfinished else None)


def _evidence(most: int, left: Sequence[Left]) -> str:
    if not left:
        return f"All methods took part in every draw: {most}."
    said = [f"{each.name} after {each.draws} (lower than {each.better} by {each.difference:.3f}, "
            f"at least {each.at_least:.3f})" for each in left]
    return f"Of {most} draws, {'; '.join(said)}."
