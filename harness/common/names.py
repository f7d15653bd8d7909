"""Names: the nearest known one to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from harness.common.text import excerpt

SHOWN, LENGTH = 20, 60


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the nearest of `known` to `name`, or those there are when none is near."""
    known = sorted(excerpt(each, LENGTH) for each in known)
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"Known: {listed(known)}." if known else "None are known."


def listed(names: Sequence[str]) -> str:
    """The first names, each cut where it is long: a stranger's header may be megabytes."""
    shown = ", ".join(excerpt(name, LENGTH) for name in names[:SHOWN])
    return shown + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")
