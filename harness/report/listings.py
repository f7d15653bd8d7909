"""Tables of what there is: suites and methods.

Light to import: a list of names must not take the seconds that the libraries take.
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from harness.common.errors import HarnessError
from harness.methods.catalogue import catalogue
from harness.report import words
from harness.suite import BackboneKind, load_suite


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


def method_table() -> Table:
    """Every registered method."""
    known, kinds = catalogue(), get_args(BackboneKind)
    table = Table("method", "family", *kinds, "what", box=SIMPLE_HEAD)
    for row in known.values():
        needs = ["any" if None in row.kinds else "yes" if kind in row.kinds
                 and kind not in row.unable else words.ABSENT for kind in kinds]
        reasons = "".join(f"; no {kind}: {reason}" for kind, reason in row.unable.items())
        table.add_row(row.name, row.family, *needs, escape(row.summary + reasons))
    asked = ["yes" if kind in known["rag"].kinds else words.ABSENT for kind in kinds]
    table.add_row("rag+METHOD", "combined", *asked,
                  "rag on top of another method of the same list")
    return table
