"""A study by `harness run`, with what it is not asked for told apart: planning, what surrounds the
runs, reporting. `python -m benchmarks.timeline SUITE …` takes what `harness run` takes, in empty
folders; the last line that it prints is a `Timeline` as JSON. Writes
`benchmarks/results/timeline.json` and `.md`.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from types import TracebackType

import psutil

from benchmarks.kept import keep
from harness.cli.app import app
from harness.commands import study
from harness.common.device import detect
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
    def whole(self) -> float:
        """All of it."""
        return sum(asdict(self).values())

    @property
    def overhead(self) -> float:
        """Seconds in which nothing was adapted, answered or measured."""
        return self.planning + self.around + self.reporting


PARTS = {"planning": "planning, checks of the data", "adapting": "adapting",
         "answering": "answering the test items",
         "around": "around the runs: processes, data, records",
         "measuring": "forgetting and latency", "reporting": "comparison and report"}


def table(timeline: Timeline) -> list[str]:
    """Markdown: where the time went, and how much of it was for the study's own sake."""
    return ["| the study's time | seconds | share |", "|---|---|---|",
            *(f"| {PARTS[name]} | {seconds:.1f} | {seconds / timeline.whole:.1%} |"
              for name, seconds in asdict(timeline).items()), "",
            f"Overhead (planning, around the runs, report): {timeline.overhead:.1f} s of "
            f"{timeline.whole:.0f} s, {timeline.overhead / timeline.whole:.1%}."]


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
    told(Timeline(
        planning=watched.began - psutil.Process().create_time(),
        adapting=watched.adapted, answering=watched.answered,
        around=watched.last - watched.began - watched.adapted - watched.answered,
        measuring=watched.measured - watched.last,
        reporting=time.time() - watched.measured))


def told(timeline: Timeline) -> None:
    """Write the figures, and print them as JSON."""
    given = sys.argv[1:]
    words = " ".join(word for word, after in zip(given, [*given[1:], ""], strict=True)
                     if "/" not in word + after)
    device = detect()
    text = "\n".join(["# What a study's time is spent on", "",
                      f"{device.name}. `harness run {words}`, in empty folders.", "",
                      *table(timeline), ""])
    keep("timeline", device, {"asked": words, **asdict(timeline)}, text)
    print(json.dumps(asdict(timeline)))


if __name__ == "__main__":
    main()
