"""A study, of which W&B is told while it goes on. Trouble with W&B is said and costs nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from harness.check.finding import Finding
from harness.processes.beside import Beside, start_beside
from harness.processes.own import Returned
from harness.processes.server import start_server
from harness.report.files import STUDY
from harness.report.published import Published
from harness.study.planning.plan import Plan, PlannedRun
from harness.study.queue import Watcher
from harness.study.record import Record
from harness.study.store import Store

AT_THE_END, INTERRUPTED = 30.0, 10.0
"""Seconds that W&B has when a study is done, and when it was interrupted."""


@dataclass
class Tracked:
    """A study that W&B is told of, by a process that begins with its first run."""

    artifacts: bool = False
    on: bool = True
    _plan: Plan | None = None
    _store: Store | None = None
    _found: tuple[Finding, ...] = ()
    _now: Beside | None = None
    _all: list[Beside] = field(default_factory=list)

    def begun(self, plan: Plan, store: Store, found: tuple[Finding, ...]) -> None:
        """A plan is carried out from here on; what is told of the last one, ends by itself."""
        if self._now is not None:
            self._now.no_more()
        self._plan, self._store, self._found, self._now = plan, store, found, None

    def told_of(self, watcher: Watcher) -> Watcher:
        """A watcher who tells W&B of each run that has ended, too."""
        return Telling(watcher, self) if self.on else watcher

    def tell(self, path: Path | None = None) -> None:
        """There is something new: runs, or a study whose `study.json` this is."""
        if not self.on or self._plan is None or self._store is None:
            return
        if self._now is None:
            from harness.report.dashboard.courier import Errand, carry

            errand = Errand(self._plan, self._store, self._found, self.artifacts)
            self._now = start_beside(start_server(), carry, errand)
            self._all.append(self._now)
        self._now.tell(path)

    def published(self, published: Published, folder: Path) -> None:
        """A study is compared, and lies in the folder of its report."""
        from harness.report.dashboard.sending import nothing_new

        if self.on and self._store and not (self._now is None
                                            and nothing_new(published, self._store)):
            self.tell(folder.resolve() / STUDY)

    def end(self, seconds: float) -> list[Returned]:
        """What came of telling, at the latest after about so many seconds."""
        outcomes = [beside.end(seconds) for beside in self._all]
        self._all, self._now = [], None
        return outcomes


UNTRACKED = Tracked(on=False)


@dataclass(frozen=True)
class Telling:
    """A watcher, and W&B, which hears when a run has ended."""

    watcher: Watcher
    tracked: Tracked

    def started(self, run: PlannedRun) -> None:
        self.watcher.started(run)

    def placed(self, title: str, where: str) -> None:
        self.watcher.placed(title, where)

    def said(self, text: str) -> None:
        self.watcher.said(text)

    def warned(self, text: str) -> None:
        self.watcher.warned(text)

    def ended(self, run: PlannedRun, record: Record) -> None:
        self.watcher.ended(run, record)
        self.tracked.tell()


@contextmanager
def tracking(console: Console, wanted: bool, artifacts: bool) -> Iterator[Tracked]:
    """Tell W&B, where that is wanted, of what is carried out in the block; at its end it is said
    what came of that."""
    from harness.report.dashboard.opened import switched_off

    tracked = Tracked(artifacts, on=wanted and not switched_off())
    try:
        yield tracked
    except BaseException:
        _say(console, tracked.end(INTERRUPTED))
        raise
    _say(console, tracked.end(AT_THE_END))


def _say(console: Console, outcomes: list[Returned]) -> None:
    done = [outcome.result for outcome in outcomes if outcome.result is not None]
    written = frozenset[str]().union(*(one.written for one in done))
    if written:
        console.print(f"W&B: {len(written)} runs logged, {done[-1].mode}", highlight=False)
    trouble = [outcome.failure for outcome in outcomes if outcome.failure]
    trouble += [one.trouble for one in done[-1:] if one.trouble]
    for text in trouble:
        console.print(f"W&B: not all was logged, and is with the next run of this command: {text}",
                      markup=False, highlight=False)
