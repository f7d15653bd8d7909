"""Named phases of time, and what a shared cache saved."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from harness.common.device import settle


class Clock:
    """Wall seconds by named phase, by `time.perf_counter`; a GPU's work counts where it was asked
    for, because a phase begins and ends with none outstanding.

    `saved` holds seconds that a cache shared with other runs saved this one, so that a
    stand-alone cost is `spent + saved`. Phases may not nest: an inner phase's time would
    count twice.
    """

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.saved: dict[str, float] = defaultdict(float)
        self._open: str | None = None

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the block's seconds to `name`. Raises RuntimeError when another phase is open."""
        if self._open is not None:
            raise RuntimeError(f"phase '{name}' inside phase '{self._open}'")
        self._open = name
        settle()
        start = time.perf_counter()
        try:
            yield
        finally:
            settle()
            self.spent[name] += time.perf_counter() - start
            self._open = None

    def stand_alone(self) -> float:
        """Seconds this work would have taken with nothing shared."""
        return sum(self.spent.values()) + sum(self.saved.values())
