"""A user's own data whose texts are answered in words."""

from __future__ import annotations

from pathlib import Path

from harness.commands.columns import Columns
from harness.common.errors import HarnessError
from harness.sources.fetch import fetch
from harness.suite import GivenSources
from harness.suite.source import DataSource
from harness.tasks.describe import Described
from harness.tasks.describe_answers import describe_answers, question_options
from harness.tasks.tables.form import Form


def look_at_answers(source: DataSource, columns: Columns, answers: str, said: Form, suites: Path
                    ) -> Described:
    """What a table holds whose column `answers` has answers in words.

    Raises HarnessError where other columns say what is right, for splits that are given, and for
    what cannot be read.
    """
    no_part = {"--label": columns.label, "--pair": columns.pair, "--split-column": columns.split,
               "--separator": columns.separator, "--numbers": columns.numbers or None}
    for option, value in no_part.items():
        if value is not None:
            raise HarnessError(f"{option} beside --answers: a text that is answered in words has "
                               "no such column", f"Leave out {option} or --answers.")
    if isinstance(source, GivenSources):
        raise HarnessError("--answers with splits that are given: texts that are answered in words "
                           "are split by the harness", "Give all of them as one file.")
    path = fetch(source, suites.resolve()).path
    if not columns.text:
        raise HarnessError(f"{path.name}: which column holds the text?", "Say --text COLUMN.")
    options = question_options(path, columns.text, answers, columns.group, columns.slices, said)
    return describe_answers(path, options)
