"""A study's watcher that remembers when what happened."""

from __future__ import annotations

import time
from types import TracebackType

from harness.report.terminal import ProgressWatcher
from harness.study.planning.plan import PlannedRun
from harness.study.record import Record


class Timed(ProgressWatcher):
    """Seconds of the epoch, and seconds by the records."""

    answered: float = 0.0
    adapted: float = 0.0
    last: float = 0.0
    measured: float = 0.0
    _predicting: float = 0.0

    def said(self, text: str) -> None:
        if text == "predicting":
            self._predicting = time.time()
        if text == "saving":
            self.answered += time.time() - self._predicting
        super().said(text)

    def ended(self, run: PlannedRun, record: Record) -> None:
        self.last = time.time()
        self.adapted += record.cost.shared_seconds if record.cost else 0.0
        super().ended(run, record)

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.measured = time.time()
        super().__exit__(kind, value, trace)
