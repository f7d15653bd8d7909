"""A suite from a user's own data."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from rich.console import Console

from harness.check.finding import Finding
from harness.check.groups import check_groups
from harness.commands.columns import Columns
from harness.commands.init_answers import look_at_answers
from harness.common.errors import HarnessError
from harness.common.files import write_atomic
from harness.common.names import did_you_mean
from harness.report.described import Begun
from harness.sources.fetch import fetch
from harness.sources.hub_data import HubData, look_up
from harness.suite import (
    FileSource,
    GivenSources,
    HubSource,
    Source,
    Suite,
    load_suite,
    methods_of,
)
from harness.suite.new import NewSuite, suite_text
from harness.suite.part import NAME
from harness.suite.source import DataSource
from harness.targets.kinds import KINDS
from harness.tasks.describe import (
    Described,
    Options,
    describe,
    describe_numbers,
    find_folders_encoding,
    find_splits,
)
from harness.tasks.hidden import HiddenLabelsError
from harness.tasks.prepare import Place
from harness.tasks.readers.conll import SUFFIXES, ConllOptions
from harness.tasks.readers.folders import FolderOptions
from harness.tasks.readers.tables import LONGEST_SEPARATOR, TableOptions
from harness.tasks.separators import SEPARATORS
from harness.tasks.spread import spreads
from harness.tasks.tables.form import PLAIN, Form
from harness.tasks.tables.found import find_form
from harness.tasks.tables.kinds import tables_at
from harness.tasks.task import Task, load_task, sources_by_split

NO_SEPARATOR = "none"
ON_HUB = re.compile(r"([\w.-]+/[\w.-]+)@(\S+)")


@dataclass(frozen=True)
class Data:
    """Where the user says that the data is.

    `whole` is a file or folder, or ORG/NAME@REVISION on the hub; `validation` and `test` are files,
    or the names of splits of the hub's data set; `config` is one of its configurations; `form` is
    what is said of how tables are written.
    """

    whole: str
    validation: str | None = None
    test: str | None = None
    config: str | None = None
    form: Form = PLAIN


def init(console: Console, name: str, data: Data, columns: Columns, suites: Path) -> Begun:
    """Look at the data and write `suites/NAME.yaml`. One that says the same stays. Raises
    HarnessError for what cannot be read, and for a suite of this name that says something else."""
    path = suites / f"{name}.yaml"
    if not re.fullmatch(NAME, name):
        raise HarnessError(f"'{name}' is no name for a suite",
                           "Use small letters, digits, and . _ + -")
    columns, signs = _signs(columns)
    source = _source(console, data, suites)
    try:
        found = _describe(source, columns, data.form, signs, suites)
    except HiddenLabelsError as hidden:
        source = _labelled(source, hidden)
        console.print(f"{hidden.found}: left out. {_instead(source)}", markup=False,
                      highlight=False, soft_wrap=True, style="yellow")
        found = _describe(source, columns, data.form, signs, suites)
    new = NewSuite(
        name=name, title=re.sub("[-_.+]+", " ", name).strip().capitalize(), source=source,
        given=found.given, reader=found.reader, options=found.options, classes=found.classes,
        values=found.values, grouped=columns.group is not None, paired=columns.pair is not None,
        words=found.words, max_length=found.max_length, kind=found.kind, extent=found.extent,
        answer_tokens=found.answer_tokens, answer_words=found.answer_words,
        answer_lines=found.answer_lines, fits=found.fits)
    task = _write(path, suite_text(new))
    return Begun(path, found, task, new.grouped, _foreseen(load_suite(path).suite, task),
                 _next(name, task))


def named_as(data: object) -> str:
    """What a suite of this data is called unless it is said: as its file or data set, else `data`.
    """
    if not isinstance(data, str | os.PathLike):
        return "data"
    said = os.fspath(data)
    on_hub = None if Path(said).exists() else ON_HUB.fullmatch(said)
    stem = on_hub[1].rpartition("/")[2] if on_hub else Path(said).resolve().stem
    fitted = re.sub(r"[^a-z0-9._+-]+", "-", stem.lower())
    return fitted if re.fullmatch(NAME, fitted) else "data"


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
    return (*by_class, *check_power(drawn, suite.decide.matters, len(list(methods_of(suite))),
                                    KINDS[task.kind], suite.decide.metric))


def _describe(source: DataSource, columns: Columns, said: Form, signs: Sequence[str],
              suites: Path) -> Described:
    if columns.answers:
        return look_at_answers(source, columns, columns.answers, said, suites)
    places = [Place(fetch(part, suites.resolve()).path, split)
              for split, part in sources_by_split(source)]
    options = _options([place.path for place in places], columns, said)
    if not columns.numbers:
        return describe(places, options, signs)
    if not isinstance(options, TableOptions):
        raise HarnessError("--numbers: only a table has numbers to answer with", "Give a table.")
    return describe_numbers(places, options)


def _labelled(source: DataSource, hidden: HiddenLabelsError) -> DataSource:
    """The source without the splits whose labels are hidden; where test is one, validation takes
    its place. Raises `hidden` where training is one, or a column names the splits."""
    if not isinstance(source, GivenSources) or "train" in hidden.splits:
        raise hidden
    validation = None if "validation" in hidden.splits else source.validation
    if "test" not in hidden.splits:
        return source.model_copy(update={"validation": validation})
    if validation is None:
        return source.train
    return GivenSources(train=source.train, test=validation)


def _instead(source: DataSource) -> str:
    if not isinstance(source, GivenSources):
        return "Validation and test are dealt from the training file."
    return "The validation file is for testing; validation is dealt from train." if (
        source.validation is None) else ""


def _source(console: Console, data: Data, suites: Path) -> DataSource:
    on_hub = None if Path(data.whole).exists() else ON_HUB.fullmatch(data.whole)
    if on_hub:
        found = look_up(on_hub[1], on_hub[2], data.config)
        source, left = _of_hub(found, data)
        if left:
            console.print(f"left out: the splits {', '.join(left)}", highlight=False)
        return source
    if data.config:
        raise HarnessError(f"--config {data.config}: only a data set of the hub has configurations",
                           "Leave it out, or say --data ORG/NAME@REVISION.")
    whole = _file(data.whole, suites)
    if data.test is None:
        if data.validation is not None:
            raise HarnessError("--validation without --test",
                               "Give a file for test too, or leave both to be dealt.")
        return whole
    return GivenSources(
        train=whole, test=_file(data.test, suites),
        validation=None if data.validation is None else _file(data.validation, suites))


def _file(data: str, suites: Path) -> FileSource:
    if "://" in data:
        raise HarnessError(f"{data}: addresses are not fetched", "Download the data and name its "
                           "file; a data set of the hub is ORG/NAME@REVISION.")
    if not Path(data).exists():
        raise HarnessError(f"{data}: there is no such file", "Name a table or a folder of texts, "
                           "or a data set of the hub as ORG/NAME@REVISION.")
    return FileSource(file=os.path.relpath(Path(data).resolve(), suites.resolve()))


def _of_hub(found: HubData, data: Data) -> tuple[DataSource, list[str]]:
    """The source of a data set's splits, and those of its splits that have no part in it."""
    splits = found.splits

    def part(split: str) -> Source:
        if split not in splits:
            raise HarnessError(f"{data.whole}: there is no split '{split}' (it has "
                               f"{', '.join(splits)})", did_you_mean(split, splits))
        return HubSource(hub=found.name, revision=found.commit, repo_type="dataset",
                         files=splits[split])

    if len(splits) == 1 and not (data.validation or data.test):
        return part(next(iter(splits))), []
    test = data.test or "test"
    if test not in splits:
        raise HarnessError(f"{data.whole}: has no split '{test}', only {', '.join(splits)}",
                           "Say which is for testing: --test SPLIT.")
    validation = data.validation or ("validation" if "validation" in splits else None)
    if validation == test and data.validation is None:
        validation = None
    left = [split for split in splits if split not in ("train", validation, test)]
    return GivenSources(train=part("train"), test=part(test),
                        validation=part(validation) if validation else None), left


def _options(paths: Sequence[Path], columns: Columns, said: Form
             ) -> Options:
    if all(path.suffix.lower() in SUFFIXES for path in paths):
        return ConllOptions()
    tables = [table for path in paths for table in _tables(path, columns)]
    if not tables:
        return find_folders_encoding(paths, FolderOptions())
    if not columns.text or not columns.label:
        raise HarnessError(f"{tables[0].name}: which columns hold text and class?",
                           "Say --text COLUMN --label COLUMN, or --answers COLUMN where texts are "
                           "answered in words.")
    _check_distinct(columns)
    named = (columns.text, columns.label, columns.pair, columns.group, columns.split,
             *columns.slices)
    form = find_form(tables, tuple(c for c in named if c is not None), said)
    return TableOptions(
        text=columns.text, label=columns.label, pair=columns.pair, group=columns.group,
        slices=columns.slices, separator=columns.separator, **form.model_dump(),
        split=find_splits(tables, columns.split, form) if columns.split else None)


def _signs(columns: Columns) -> tuple[Columns, Sequence[str]]:
    """The columns, and the signs to look for between the values of a label: none where the user
    says that there is none. Raises HarnessError for a separator that can be none."""
    said = columns.separator
    if said == NO_SEPARATOR:
        return dataclasses.replace(columns, separator=None), ()
    if said is not None and not 1 <= len(said) <= LONGEST_SEPARATOR:
        raise HarnessError(f"--separator '{said}': has {len(said)} characters",
                           f"Say what stands between two classes in a label, such as ';', or "
                           f"{NO_SEPARATOR} where a label is one class whatever signs it has.")
    return columns, SEPARATORS


def _check_distinct(columns: Columns) -> None:
    said = {"--text": columns.text, "--label": columns.label, "--pair": columns.pair}
    for one, other in combinations(said, 2):
        if said[one] is not None and said[one] == said[other]:
            raise HarnessError(f"{one} and {other} name one column: '{said[one]}'",
                               "Name a column each.")


def _tables(path: Path, columns: Columns) -> list[Path]:
    """The file, or the tables in a folder; none in a folder of texts by class."""
    if not path.is_dir():
        return [path]
    if not columns.text and not columns.label:
        return []
    try:
        return tables_at(path)
    except HarnessError as error:
        raise HarnessError(error.found, "Leave out --text and --label for a folder of texts by "
                           "class, or name a table.") from None


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
