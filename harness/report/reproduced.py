"""What another run of the same came to, for a terminal."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from rich.console import Console

from harness.common.text import plain
from harness.report import words
from harness.report.lines import print_lines
from harness.report.shown import Shown
from harness.study.reproduce import Difference, Reproduced

MOST = 20
"""Differing fields shown."""


@dataclass(frozen=True, repr=False)
class Reproduction(Shown):
    """A kept run beside the same carried out again.

    As a frame a row a field that differs: `field`, `before`, `after`, and `surroundings`, whether
    it is of code, libraries and machine rather than a figure.
    """

    found: Reproduced

    @property
    def same(self) -> bool:
        """Whether predictions are the same bit for bit, and so are all figures but times."""
        return self.found.same

    @property
    def verdict(self) -> str:
        """Whether it was reproduced."""
        return "reproduced" if self.same else "not reproduced"

    def print_on(self, console: Console) -> None:
        """Surroundings, figures, predictions, then the answer."""
        identity = self.found.before.identity
        print_lines(console, [
            f"run {identity.run_id}: {identity.name}, seed {identity.seed}",
            *_listed("surroundings that differ", self.found.surroundings),
            *_listed("figures that differ", self.found.figures),
            _predictions(self.found), _seconds(self.found), self.verdict])

    def to_pandas(self) -> pd.DataFrame:
        """A row a field that differs."""
        return pd.DataFrame(
            [[one.field, one.before, one.after, one in self.found.surroundings]
             for one in (*self.found.surroundings, *self.found.figures)],
            columns=["field", "before", "after", "surroundings"])


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
