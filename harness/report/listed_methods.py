"""The table of methods.

Light to import: a list of names must not take the seconds that the libraries take.
"""

from __future__ import annotations

from typing import get_args

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from harness.common.kinds import BackboneKind
from harness.methods.catalogue import MethodRow, catalogue
from harness.report import words


def _answers(row: MethodRow) -> str:
    """In what forms it can answer."""
    forms = {"classes": row.kinds, "numbers": row.kinds_of_numbers, "spans": row.kinds_of_spans,
             "words": row.kinds_in_words}
    able = [form for form, kinds in forms.items() if set(kinds) - set(row.unable)]
    return "all" if len(able) == len(forms) else ", ".join(able) or words.ABSENT


def method_table() -> Table:
    """Every registered method."""
    known, kinds = catalogue(), get_args(BackboneKind)
    table = Table("method", "family", *kinds, "answers", "what", box=SIMPLE_HEAD)
    for row in known.values():
        able = {*row.kinds, *row.kinds_of_spans}
        needs = ["any" if None in able else "yes" if kind in able
                 and kind not in row.unable else words.ABSENT for kind in kinds]
        reasons = "".join(f"; no {kind}: {reason}" for kind, reason in row.unable.items())
        table.add_row(row.name, row.family, *needs, _answers(row),
                      escape(row.summary + reasons))
    asked = ["yes" if kind in known["rag"].kinds else words.ABSENT for kind in kinds]
    table.add_row("rag+METHOD", "combined", *asked, _answers(known["rag"]),
                  "rag on top of another method of the same list")
    return table
