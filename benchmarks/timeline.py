"""A study by what `harness run` does, with what it is not asked for told apart: planning, what
surrounds the runs, reporting. The last line printed is a `Timeline` as JSON. Writes
`benchmarks/results/timeline.json` and `.md`. `python -m benchmarks.timeline legal --profile quick
--runs EMPTY --reports EMPTY`.
"""

# Every process of a run imports this module, and none that the program `harness` imports for it:
# what takes long to import is imported where it is needed.

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from benchmarks.timed import Timed

SUITES = Path(__file__).parents[1] / "suites"


@dataclass(frozen=True)
class Timeline:
    """Wall seconds of a study."""

    planning: float
    """From the start of the process until runs can begin: imports here and in the process that runs
    are forked from, files, splits."""
    checking: float
    """The data looked at: near-duplicates, labels in doubt, lengths; the vectors of the texts that
    it makes are kept for the runs."""
    adapting: float
    """Trials and fits, by the records."""
    answering: float
    """From a run's last fit until it is saved: test items answered and scored."""
    around: float
    """What is left from the check's end to the last run's: processes, data, records."""
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
        """Seconds in which nothing was checked, adapted, answered or measured."""
        return self.planning + self.around + self.reporting


PARTS = {"planning": "planning, imports", "checking": "checks of the data",
         "adapting": "adapting", "answering": "answering the test items",
         "around": "around the runs: processes, data, records",
         "measuring": "forgetting and latency", "reporting": "comparison and report"}


def table(timeline: Timeline) -> list[str]:
    """Markdown: where the time went, and how much of it was for the study's own sake."""
    return ["| the study's time | seconds | share |", "|---|---|---|",
            *(f"| {PARTS[name]} | {seconds:.1f} | {seconds / timeline.whole:.1%} |"
              for name, seconds in asdict(timeline).items()), "",
            f"Overhead (planning, around the runs, report): {timeline.overhead:.1f} s of "
            f"{timeline.whole:.0f} s, {timeline.overhead / timeline.whole:.1%}."]


def nothing(asked: None, say: Callable[[str], None]) -> None:
    """What a process does to show that the server is ready."""


def timed(suite: str, profile: str | None, runs: Path, reports: Path) -> Timeline:
    """Run the study in this process, as `harness run` does."""
    from harness.processes.server import start_server

    server = start_server()
    from rich.console import Console

    from benchmarks.timed import Timed
    from harness.commands import plan as planning
    from harness.commands import study
    from harness.processes.own import in_own_process

    seen: list[Timed] = []

    def watch(console: Console, total: int) -> Timed:
        seen.append(Timed(console, total))
        return seen[-1]

    console = Console()
    plan = planning.prepare(suite, profile, SUITES)
    in_own_process(server, nothing, None, console.print)
    ready = time.time()
    planning.check(console, plan)
    checked = time.time()
    study.run(console, plan, runs, reports, fresh=False, watch=watch)
    return split(ready, checked, seen[0])


def split(ready: float, checked: float, watched: Timed) -> Timeline:
    """The study's time from this process's start until now."""
    return Timeline(
        planning=ready - psutil.Process().create_time(), checking=checked - ready,
        adapting=watched.adapted, answering=watched.answered,
        around=watched.last - checked - watched.adapted - watched.answered,
        measuring=watched.measured - watched.last, reporting=time.time() - watched.measured)


def main() -> None:
    """Run the study, print and keep its timeline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite")
    parser.add_argument("--profile")
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--reports", type=Path, required=True)
    options = parser.parse_args()
    timeline = timed(options.suite, options.profile, options.runs, options.reports)
    from benchmarks.kept import keep
    from harness.common.device import detect

    device, asked = detect(), f"{options.suite} --profile {options.profile or 'default'}"
    text = "\n".join(["# What a study's time is spent on", "",
                      f"{device.name}. `harness run {asked}`, in empty folders, without W&B.", "",
                      *table(timeline), ""])
    keep("timeline", device, {"asked": asked, **asdict(timeline)}, text)
    print(json.dumps(asdict(timeline)))


if __name__ == "__main__":
    main()
