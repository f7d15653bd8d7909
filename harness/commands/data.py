"""Where a user says that their data is, as the source of a suite."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from harness.common.errors import HarnessError
from harness.common.names import did_you_mean
from harness.sources.hub_data import HubData, look_up
from harness.suite import FileSource, GivenSources, HubSource, Source
from harness.suite.part import NAME
from harness.suite.source import DataSource
from harness.tasks.hidden import HiddenLabelsError
from harness.tasks.tables.form import PLAIN, Form

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


def source_of(console: Console, data: Data, suites: Path) -> DataSource:
    """What a suite in the folder `suites` says of it. Raises HarnessError for what is not there."""
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
        raise HarnessError(f"{data}: there is no such file", "Name a table, a folder of "
                           "texts or of pictures, or a data set of the hub as ORG/NAME@REVISION.")
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


def labelled(source: DataSource, hidden: HiddenLabelsError) -> DataSource:
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


def instead(source: DataSource) -> str:
    """What stands for the splits that were left out, in a sentence."""
    if not isinstance(source, GivenSources):
        return "Validation and test are dealt from the training file."
    return "The validation file is for testing; validation is dealt from train." if (
        source.validation is None) else ""
