"""Does the approved model still see what it was approved on?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from harness.commands.predict import columns_in, rows_of
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.gate.approve import approved_model, check_comparable
from harness.gate.baseline import read_baseline
from harness.report.console import sayer
from harness.report.watch.watched import WatchFound, write_watch
from harness.study.store import Store
from harness.suite import LoadedSuite, find_suite, load_suite
from harness.tasks.tables.form import Form
from harness.tasks.task import load_task
from harness.watch.day import Day, Row, day_of
from harness.watch.measured import Watched
from harness.watch.run import run_watch


@dataclass(frozen=True)
class Table:
    """The day's table, and what its columns are called: the suite's own names where none is said.
    """

    path: Path
    text: str | None
    pair: str | None
    group: str | None
    labels: str | None
    form: Form


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
    if loaded.suite.task.input != "text":
        raise HarnessError(f"suite {name}: its items are of input {loaded.suite.task.input}, and a "
                           "table of texts is what is watched", "Name a suite of texts.")
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
    """Raises HarnessError for an unreadable table, a missing column, and one without rows."""
    texts = columns_in(loaded, table.text, table.pair)
    more = [column for column in (table.group, table.labels) if column is not None]
    wanted = list(dict.fromkeys([*texts, *more]))
    found = rows_of(loaded, table.path, wanted, table.form, table.text is not None)
    at = {column: place for place, column in enumerate(wanted)}

    def cell(row: tuple[str, ...], column: str | None) -> str | None:
        return None if column is None else row[at[column]]

    pair = texts[1] if len(texts) > 1 else None
    return day_of([Row(row[at[texts[0]]], cell(row, pair), cell(row, table.group),
                       cell(row, table.labels)) for row in found])


def _options(loaded: LoadedSuite) -> dict[str, object]:
    options = loaded.suite.task.reader.options
    return options if isinstance(options, dict) else {}
