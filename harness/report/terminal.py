"""The study at the terminal: plan, progress and result table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from harness.compare.conditions import Conditions
from harness.compare.summary import Summary
from harness.report import (
    added,
    alike,
    as_shipped,
    bargain,
    beside,
    by_slice,
    columns,
    ranking,
    sentences,
    served,
    words,
)
from harness.report.published import Published
from harness.study.planning.plan import PlannedRun
from harness.study.record import Record
from harness.targets.kinds import says

SHORT = ("examples", "words", "cut", "passes", "stopped by")
"""Of the matching table's columns those that a terminal holds."""


class ProgressWatcher:
    """Shows runs as they go: a bar on a terminal, a line a run elsewhere."""

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self.total = total
        self.done = 0
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), TextColumn("{task.fields[detail]}"), console=console,
            transient=True, disable=not console.is_terminal,
        )
        self._task: TaskID = self._progress.add_task("starting", total=total, detail="")

    def __enter__(self) -> ProgressWatcher:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._progress.stop()

    def started(self, run: PlannedRun) -> None:
        self._progress.update(self._task, description=escape(run.title), detail="")

    def placed(self, title: str, where: str) -> None:
        self.said(f"{title}: on {where}")
        if not self.console.is_terminal:
            self.console.print(f"{title}: on {where}", markup=False, highlight=False)

    def said(self, text: str) -> None:
        self._progress.update(self._task, detail=escape(text))
        if self.console.is_terminal:
            return
        if text.startswith("latency: round 1/"):
            self.console.print("measuring latency", highlight=False)
        elif text.startswith("exporting "):
            self.console.print(text, markup=False, highlight=False)
        elif text.startswith("forgetting: "):
            self.console.print(f"measuring {text}", markup=False, highlight=False)

    def warned(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False)

    def ended(self, run: PlannedRun, record: Record) -> None:
        self.done += 1
        self._progress.update(self._task, completed=self.done)
        if self.console.is_terminal and record.status.state == "ok":
            return
        if record.status.state == "ok" and record.figures and record.cost:
            metric, value = _deciding(record)
            result = (f"{says(metric)} {value:.3f}, "
                      f"{words.seconds(record.cost.shared_seconds)}")
        else:
            result = f"{record.status.state}: {record.status.reason}"
        self.console.print(f"[{self.done}/{self.total}] {run.title}: {result}", markup=False,
                           highlight=False)


def _deciding(record: Record) -> tuple[str, float]:
    """The deciding metric and its figure; the first of its kind where it is not defined."""
    known = {name: value for name, value in record.figures.items() if value is not None}
    name = record.identity.metric
    return (name, known[name]) if name in known else next(iter(known.items()))


def print_results(console: Console, published: Published) -> None:
    """The result table, best first, with the spread over seeds."""
    summary = published.summary
    console.print(_table(f"{published.study.title} ({published.study.profile})", summary))
    _say(console, (ranking.standing(summary), sentences.headline(published),
                   " ".join(sentences.why(published)), *as_shipped.lines(published),
                   *alike.doubts(published),
                   *by_slice.amplified(published), *served.lines(published),
                   *added.lines(published), *beside.shown(published),
                   *bargain.said(published)))
    for part, view in beside.ranked(published):
        console.print(_table(part.title, view.summary))
        _say(console, (f"{part.title}: {sentences.headline(view)}", *alike.doubts(view)))
    every = (summary, *(part.summary for part in published.beside))
    _say(console, (f"no result: {row.name}: {row.reason}" for found in every
                   for row in found.rows if row.reason))
    for title, rows in alike.tables(published):
        console.print(_conditions(title, rows))
    _say(console, (f"matching rule broken: {rule.name}: {rule.evidence}"
                   for rule in published.rules if rule.held is False))


def _say(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        if line:
            console.print(line, markup=False, highlight=False)


def _table(title: str, summary: Summary) -> Table:
    table = Table(title=escape(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("method", "backbone"):
        table.add_column(name, no_wrap=True)
    # Six columns fit a terminal of 80; the page has them all.
    shown = columns.picked(summary, columns.TERMINAL, (), ())
    for column in shown:
        table.add_column(column.short, justify="right", no_wrap=True)
    for row in summary.rows:
        found = [column.shown(row) for column in shown] if summary.metric in row.common else [
            "no result", *[""] * (len(shown) - 1)]
        table.add_row(*map(escape, (row.label, row.backbone or words.ABSENT, *found)))
    return table


def _conditions(title: str, rows: Sequence[Conditions]) -> Table:
    """What is unlike the others, or in doubt, arm by arm; the rest is in the report."""
    table = Table("", *SHORT, title_justify="left",
                  title=escape(title or "Matching: * is unlike the others, or in doubt"),
                  box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        shown = [f"{text} *" if unlike else text for text, unlike in alike.cells(row)]
        table.add_row(*map(escape, (row.name, *shown[:len(SHORT)])))
    return table
