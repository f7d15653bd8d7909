"""The table of methods.

Light to import: a list of names must not take the seconds that the libraries take.
"""

from __future__ import annotations

from typing import get_args

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from harness.common.kinds import BackboneKind
from harness.methods.catalogue import catalogue
from harness.report import words


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
