"""A study by `harness run`, with what it is not asked for told apart: planning, what surrounds the
runs, reporting. `python -m benchmarks.timeline SUITE …` takes what `harness run` takes; the last
line that it prints is a `Timeline` as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from types import TracebackType

import psutil

from harness.cli.app import app
from harness.cli.studies import run as _register  # noqa: F401  (the command, by its import)
from harness.commands import study
from harness.report.terminal import ProgressWatcher
from harness.study.plan import PlannedRun
from harness.study.record import Record


@dataclass(frozen=True)
class Timeline:
    """Wall seconds of a study."""

    planning: float
    """From the start of the process to the first run: imports, files, splits, checks of data."""
    adapting: float
    """Trials and fits, by the records."""
    answering: float
    """From a run's last fit until it is saved: test items answered and scored."""
    around: float
    """What is left from the first run's start to the last one's end: processes, data, records."""
    measuring: float
    """Forgetting and latency, after the last run."""
    reporting: float
    """From the last measurement on: comparison, files, the end of the process."""

    @property
    def overhead(self) -> float:
        """Seconds in which nothing was adapted, answered or measured."""
        return self.planning + self.around + self.reporting


class _Timed(ProgressWatcher):
    """Remembers when what happened."""

    began: float | None = None
    answered: float = 0.0
    adapted: float = 0.0
    last: float = 0.0
    measured: float = 0.0
    _predicting: float = 0.0

    def started(self, run: PlannedRun) -> None:
        self.began = time.time() if self.began is None else self.began
        super().started(run)

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


def main() -> None:
    """Run the study and print its timeline."""
    seen: list[_Timed] = []

    def watch(*arguments: object) -> _Timed:
        seen.append(_Timed(*arguments))  # type: ignore[arg-type]
        return seen[-1]

    study.ProgressWatcher = watch  # type: ignore[misc, assignment]
    app(args=["run", *sys.argv[1:]], prog_name="harness", standalone_mode=False)
    (watched,) = seen
    assert watched.began is not None, "every run was there already"  # noqa: S101
    print(json.dumps(asdict(Timeline(
        planning=watched.began - psutil.Process().create_time(),
        adapting=watched.adapted, answering=watched.answered,
        around=watched.last - watched.began - watched.adapted - watched.answered,
        measuring=watched.measured - watched.last,
        reporting=time.time() - watched.measured))))


if __name__ == "__main__":
    main()
