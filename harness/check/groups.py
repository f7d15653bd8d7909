"""Classes that live in few groups, where a study would measure those groups and not the class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.check.finding import Finding
from harness.common.names import listed
from harness.tasks.dealing import HELD
from harness.tasks.spread import PartSpread


def check_groups(found: Sequence[PartSpread]) -> Iterator[Finding]:
    """Classes whose test, validation, gate or calibration items are worth fewer groups than
    `HELD`."""
    for part in ("test", "validation", "gate", "calibration"):
        own = [row for row in found if row.part == part and row.label is not None
               and 0 < row.there.effective < HELD]
        if own:
            yield Finding(
                severity="warning", check="groups", count=len(own),
                found=f"the {part} items of {listed([_said(row) for row in own])}: what is "
                      "measured is these groups, not the class",
                suggestion=f"Collect items of other groups: a class should have {HELD} of like "
                           f"size in {part}, or merge it with another.")


def _said(row: PartSpread) -> str:
    there = row.there
    worth = f", worth {there.effective:.1f}" if there.effective < 0.95 * there.groups else ""
    return f"{row.label} are of {there.groups} group{'s' * (there.groups != 1)}{worth}"
