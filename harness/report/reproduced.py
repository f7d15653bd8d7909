"""What another run of the same came to, for a terminal."""

from __future__ import annotations

from rich.console import Console

from harness.common.text import plain
from harness.report import words
from harness.study.reproduce import Difference, Reproduced

MOST = 20
"""Differing fields shown."""


def print_reproduced(console: Console, found: Reproduced) -> None:
    """Surroundings, figures, predictions, then the answer."""
    identity = found.before.identity
    lines = [f"run {identity.run_id}: {identity.name}, seed {identity.seed}"]
    lines += _listed("surroundings that differ", found.surroundings)
    lines += _listed("figures that differ", found.figures)
    lines += [_predictions(found), _seconds(found),
              "reproduced" if found.same else "not reproduced"]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _listed(title: str, found: tuple[Difference, ...]) -> list[str]:
    if not found:
        return []
    rest = [f"  and {len(found) - MOST} more"] if len(found) > MOST else []
    return [f"{title}:", *(plain(f"  {d.field}: {d.before} -> {d.after}") for d in found[:MOST]),
            *rest]


def _predictions(found: Reproduced) -> str:
    if not found.items_moved:
        return f"predictions: the same bit for bit, {found.items:,} items"
    return (f"predictions: {found.items_moved:,} of {found.items:,} items differ, by at most "
            f"{found.largest:.2g} of probability; {found.answers_changed:,} answers changed")


def _seconds(found: Reproduced) -> str:
    before, after = (record.cost.shared_seconds if record.cost else 0.0
                     for record in (found.before, found.after))
    return f"adaptation took {words.seconds(before)}, then {words.seconds(after)}"
