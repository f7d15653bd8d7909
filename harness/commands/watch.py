"""Does the approved model still see what it was approved on?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from harness.commands.asked_rows import picture_rows
from harness.commands.predict import AskedColumns, check_columns, columns_in, rows_of
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.common.kinds import Input
from harness.gate.approve import approved_model, check_comparable
from harness.gate.baseline import read_baseline
from harness.report.console import sayer
from harness.report.watch.watched import WatchFound, write_watch
from harness.study.store import Store
from harness.suite import LoadedSuite, find_suite, load_suite
from harness.tasks.tables.form import Form
from harness.tasks.task import load_task
from harness.watch.day import Day, Row, day_of, text_row
from harness.watch.measured import Watched
from harness.watch.run import run_watch


@dataclass(frozen=True)
class Table:
    """The day's table, and what its columns are called: the suite's own names where none is said.
    """

    source: Path | Sequence[Any]
    """Its file; of pictures also a folder, or a sequence of them."""
    text: str | None
    pair: str | None
    image: str | None
    group: str | None
    labels: str | None
    form: Form
    cells: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of a sequence the columns beside it."""

    @property
    def beside(self) -> list[str]:
        """Columns beside the items'."""
        named = [column for column in (self.group, self.labels) if column is not None]
        return list(dict.fromkeys(named))


@dataclass(frozen=True)
class Places:
    """Where everything lies."""

    suites: Path
    runs: Path
    baselines: Path
    baseline: Path | None
    state: Path | None


def watch(console: Console, suite: str, profile: str | None, table: Table, places: Places,
          as_json: Path | None, prometheus: Path | None) -> WatchFound:
    """Watch the approved model on a table, note the look, and write what was found where a file is
    named. Raises HarnessError where the baseline is of other data, its model is not at hand, or the
    table lacks a column."""
    loaded = load_suite(find_suite(suite, places.suites), profile)
    name = loaded.suite.name
    path = places.baseline or places.baselines / f"{name}.json"
    baseline = read_baseline(path)
    if as_json is not None and as_json == prometheus:
        raise HarnessError(f"{as_json}: is to be written twice", "Name two files.")
    day = read_day(loaded, table)
    task = load_task(loaded)
    check_comparable(baseline, loaded, task, path)
    model = approved_model(baseline, path, loaded, task, Store(places.runs / name), detect())
    separator = _options(loaded).get("separator")
    result = run_watch(
        Watched(loaded, task, baseline, model, str(separator) if separator else None), day,
        places.state or Path("watches") / f"{name}.jsonl", sayer(console))
    return write_watch(result, as_json, prometheus)


def columns_of(suite: str, profile: str | None, suites: Path, text: str | None, pair: str | None
               ) -> list[str]:
    """The columns of the texts."""
    return columns_in(load_suite(find_suite(suite, suites), profile), text, pair)


def read_day(loaded: LoadedSuite, table: Table) -> Day:
    """Raises HarnessError for an unreadable table, a missing column, one without rows, and columns
    of other items than the suite's are."""
    check_columns(loaded, AskedColumns(table.text, table.pair, table.image))
    return day_of(list(ROWS[loaded.suite.task.input](loaded, table)))


def _texts(loaded: LoadedSuite, table: Table) -> Iterator[Row]:
    if not isinstance(table.source, Path):
        raise HarnessError("rows of texts are read from a table", "Name its file.")
    texts = columns_in(loaded, table.text, table.pair)
    wanted = list(dict.fromkeys([*texts, *table.beside]))
    for cells in rows_of(loaded, table.source, wanted, table.form, table.text is not None):
        own = dict(zip(wanted, cells, strict=True))
        yield text_row(own[texts[0]], own[texts[1]] if len(texts) > 1 else None,
                       own.get(table.group or ""), own.get(table.labels or ""))


def _pictures(loaded: LoadedSuite, table: Table) -> Iterator[Row]:
    wanted = [] if table.cells else table.beside
    rows = picture_rows(loaded, table.source, table.image, table.form, wanted)
    for number, row in enumerate(rows):
        own = (dict(zip(wanted, row.cells, strict=True)) if wanted else
               {name: cells[number] for name, cells in table.cells.items()})
        yield Row(row.item, own.get(table.group or ""), own.get(table.labels or ""))


ROWS: Mapping[Input, Callable[[LoadedSuite, Table], Iterator[Row]]] = {
    "text": _texts, "image": _pictures}


def _options(loaded: LoadedSuite) -> dict[str, object]:
    options = loaded.suite.task.reader.options
    return options if isinstance(options, dict) else {}
