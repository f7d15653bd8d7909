"""Which words of an item every method reads."""

from __future__ import annotations

from dataclasses import dataclass

from harness.common.kinds import Ends


@dataclass(frozen=True)
class Words:
    """So many words at the most, from the beginning of a text or from both of its ends."""

    most: int
    ends: Ends = "head"
