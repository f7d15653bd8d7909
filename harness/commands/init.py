"""A suite from a user's own data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Console

from harness.check.finding import Finding
from harness.check.groups import check_groups
from harness.commands.columns import Columns, reader_options, signs_of
from harness.commands.data import Data, instead, labelled, source_of
from harness.commands.init_answers import look_at_answers
from harness.commands.init_pictures import alike, by_split, look_at_pictures
from harness.common.errors import HarnessError
from harness.common.files import write_atomic
from harness.common.kinds import Input
from harness.report.described import Begun
from harness.sources.fetch import fetch
from harness.suite import Suite, load_suite, methods_of
from harness.suite.new import NewSuite, suite_text
from harness.suite.part import NAME
from harness.suite.source import DataSource
from harness.targets.kinds import KINDS
from harness.tasks.describe import Described, describe, describe_numbers
from harness.tasks.hidden import HiddenLabelsError
from harness.tasks.prepare import RowsAt
from harness.tasks.readers.tables import TableOptions
from harness.tasks.splits import Splits
from harness.tasks.spread import spreads
from harness.tasks.tables.form import Form
from harness.tasks.task import Task, load_task, sources_by_split


def init(console: Console, name: str, data: Data, columns: Columns, suites: Path) -> Begun:
    """Look at the data and write `suites/NAME.yaml`. One that says the same stays. Raises
    HarnessError for what cannot be read, and for a suite of this name that says something else."""
    path = suites / f"{name}.yaml"
    if not re.fullmatch(NAME, name):
        raise HarnessError(f"'{name}' is no name for a suite",
                           "Use small letters, digits, and . _ + -")
    columns, signs = signs_of(columns)
    data = SPLITTING[columns.input](data)
    source = source_of(console, data, suites)
    try:
        found = LOOKS[columns.input](source, columns, data.form, signs, suites)
    except HiddenLabelsError as hidden:
        source = labelled(source, hidden)
        console.print(f"{hidden.found}: left out. {instead(source)}", markup=False,
                      highlight=False, soft_wrap=True, style="yellow")
        found = LOOKS[columns.input](source, columns, data.form, signs, suites)
    new = NewSuite(
        name=name, title=re.sub("[-_.+]+", " ", name).strip().capitalize(), source=source,
        given=found.given, reader=found.reader, options=found.options, classes=found.classes,
        values=found.values, grouped=columns.group is not None, paired=columns.pair is not None,
        words=found.words, max_length=found.max_length, kind=found.kind, extent=found.extent,
        answer_tokens=found.answer_tokens, answer_words=found.answer_words,
        answer_lines=found.answer_lines, fits=found.fits, input=columns.input,
        unreadable=columns.unreadable)
    task = _write(path, suite_text(new))
    return Begun(path, found, task, new.grouped, _foreseen(load_suite(path).suite, task),
                 _next(name, task))


def _next(name: str, task: Task) -> tuple[str, ...]:
    """What to do now: before a study, what would stop it."""
    from harness.check.items import check_leaks

    study = f"make suite TASK={name}"
    stops = [leak.suggestion for leak in check_leaks(task) if leak.severity == "error"]
    return (f"next: {stops[0]}", f"then: {study}") if stops else (f"next: {study}",)


def _foreseen(suite: Suite, task: Task) -> tuple[Finding, ...]:
    """What the default profile's test items cannot tell."""
    # Its libraries' memory, when the table's is free.
    from harness.check.power import check_power

    budget = suite.budget
    drawn = task.splits.sample(budget.train, budget.validation, budget.test)
    by_class = check_groups(spreads(task.splits, drawn, task.labels)) if task.labels else ()
    return (*by_class, *FORESEEN[task.input](drawn),
            *check_power(drawn, suite.decide.matters, len(list(methods_of(suite))),
                         KINDS[task.kind], suite.decide.metric))


def _look_at_texts(source: DataSource, columns: Columns, said: Form, signs: Sequence[str],
                   suites: Path) -> Described:
    if columns.unreadable is not None:
        raise HarnessError("--unreadable: is of pictures", "Leave it out.")
    if columns.answers:
        return look_at_answers(source, columns, columns.answers, said, suites)
    places = [RowsAt(fetch(part, suites.resolve()).path, split)
              for split, part in sources_by_split(source)]
    options = reader_options([place.path for place in places], columns, said)
    if not columns.numbers:
        return describe(places, options, signs)
    if not isinstance(options, TableOptions):
        raise HarnessError("--numbers: only a table has numbers to answer with", "Give a table.")
    return describe_numbers(places, options)


LOOKS: dict[Input, Callable[[DataSource, Columns, Form, Sequence[str], Path], Described]] = {
    "text": _look_at_texts, "image": look_at_pictures}
SPLITTING: dict[Input, Callable[[Data], Data]] = {"text": lambda data: data, "image": by_split}
FORESEEN: dict[Input, Callable[[Splits], Iterable[Finding]]] = {
    "text": lambda drawn: (), "image": alike}
"""What is looked at in the items that the default profile draws."""


def _write(path: Path, text: str) -> Task:
    """Write the suite, and take it away again where it does not load with its data."""
    if path.exists():
        if path.read_text(encoding="utf-8") != text:
            raise HarnessError(f"{path} is there already, and says something else",
                               "Remove it, or choose another name.")
        return load_task(load_suite(path))
    write_atomic(path, text)
    try:
        return load_task(load_suite(path))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
