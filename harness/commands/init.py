"""A suite from a user's own file."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from harness.common.errors import HarnessError
from harness.common.files import write_atomic
from harness.report.described import print_described
from harness.suite import load_suite
from harness.suite.new import NewSuite, suite_text
from harness.suite.part import NAME
from harness.tasks.describe import describe, find_format
from harness.tasks.readers.folders import FolderOptions
from harness.tasks.readers.tables import TableOptions
from harness.tasks.task import load_task


@dataclass(frozen=True)
class Columns:
    """What the user says of the data."""

    text: str | None
    label: str | None
    pair: str | None
    group: str | None
    slices: tuple[str, ...]


def init(console: Console, name: str, data: Path, columns: Columns, suites: Path) -> None:
    """Look at the data, write `suites/NAME.yaml`, say what was understood."""
    path = suites / f"{name}.yaml"
    if not re.fullmatch(NAME, name):
        raise HarnessError(f"'{name}' is no name for a suite",
                           "Use small letters, digits, and . _ + -")
    if path.exists():
        raise HarnessError(f"{path} is there already", "Remove it, or choose another name.")
    if not data.exists():
        raise HarnessError(f"{data}: there is no such file", "Name a table or a folder of texts.")
    found = describe(data, _options(data, columns))
    new = NewSuite(
        name=name, title=re.sub("[-_.+]+", " ", name).strip().capitalize(),
        file=os.path.relpath(data.resolve(), suites.resolve()), reader=found.reader,
        options=found.options, classes=found.classes, values=found.values,
        grouped=columns.group is not None, paired=columns.pair is not None,
        words=found.words, max_length=found.max_length)
    _write(path, suite_text(new))
    print_described(console, found, grouped=new.grouped)
    console.print(f"suite: {path}\nnext: make suite TASK={name}", highlight=False, soft_wrap=True)


def _options(data: Path, columns: Columns) -> TableOptions | FolderOptions:
    if data.is_dir():
        if columns.text or columns.label:
            raise HarnessError(f"{data} is a folder: it has no columns",
                               "Leave out --text and --label, or name a table.")
        return FolderOptions()
    if not columns.text or not columns.label:
        raise HarnessError(f"{data.name}: which columns hold text and class?",
                           "Say --text COLUMN --label COLUMN.")
    named = (columns.text, columns.label, columns.pair, columns.group, *columns.slices)
    form = find_format(data, tuple(c for c in named if c is not None))
    return TableOptions(text=columns.text, label=columns.label, pair=columns.pair,
                        group=columns.group, slices=columns.slices, delimiter=form.delimiter,
                        encoding=form.encoding)


def _write(path: Path, text: str) -> None:
    """Write the suite, and take it away again where it does not load with its data."""
    write_atomic(path, text)
    try:
        load_task(load_suite(path))
    except BaseException:
        path.unlink(missing_ok=True)
        raise

