"""What must be said beside a log loss that a few items carry."""

from __future__ import annotations

from harness.compare.carried import Carried
from harness.report.published import Published


def lines(published: Published) -> list[str]:
    """A sentence for each method whose log loss hangs on a few groups of items."""
    return [f"The log loss of {name} {said(found)}."
            for name, found in published.carried.items()]


def said(found: Carried) -> str:
    """How few carry it."""
    whose = "group of items carries" if found.groups == 1 else "groups of items carry"
    return (f"hangs on a few items: {found.groups} of {found.of:,} {whose} {found.share:.0%} of "
            "its error, so other items may give another")
