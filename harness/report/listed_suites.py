"""The table of suites.

Light to import: a list of names must not take the seconds that the libraries take.
"""

from __future__ import annotations

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from harness.common.errors import HarnessError
from harness.suite import load_suite


def suite_table(folder: Path) -> Table:
    """Every suite in a folder; one that cannot be read is listed with its error."""
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise HarnessError(f"there are no suites in {folder}/", "Name another with --suites.")
    table = Table("suite", "what", "backbones", "profiles", box=SIMPLE_HEAD)
    for path in paths:
        try:
            loaded = load_suite(path)
            table.add_row(path.stem, escape(loaded.suite.title), ", ".join(loaded.suite.backbones),
                          ", ".join(dict.fromkeys([*loaded.profiles, "standard"])))
        except HarnessError as error:
            table.add_row(path.stem, f"[red]{escape(error.found)}[/]", "", "")
    return table
