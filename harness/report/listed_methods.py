"""The table of methods.

Light to import: a list of names must not take the seconds that the libraries take.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from harness.common.capabilities import Can
from harness.common.kinds import BackboneKind, Kind
from harness.methods.catalogue import MethodRow, catalogue
from harness.report import words
from harness.targets.kinds import KINDS

BACKBONES: tuple[BackboneKind, ...] = get_args(BackboneKind)


def _does(row: MethodRow, backbone: BackboneKind | None) -> list[Kind]:
    """The kinds of task that it does on a kind of backbone as libraries are installed."""
    return [task for task in KINDS if row.does(backbone, task)]


def _answers(row: MethodRow) -> str:
    """In what forms it can answer."""
    forms = dict.fromkeys(KINDS[task].form for task in KINDS)
    able = {KINDS[task].form for kind in (None, *BACKBONES) for task in _does(row, kind)}
    return "all" if able == set(forms) else ", ".join(
        form for form in forms if form in able) or words.ABSENT


def _works(row: MethodRow) -> list[str]:
    """Whether it does anything on each kind of backbone."""
    return ["any" if row.needs.alone else "yes" if _does(row, kind) else words.ABSENT
            for kind in BACKBONES]


def method_table() -> Table:
    """Every registered method."""
    known = catalogue()
    table = Table("method", "family", *BACKBONES, "answers", "what", box=SIMPLE_HEAD)
    for row in known.values():
        reasons = "".join(f"; no {kind}: {reason}"
                          for kind, reason in (row.unable | row.fails).items())
        table.add_row(row.name, row.family, *_works(row), _answers(row),
                      escape(row.summary + reasons))
    below = replace(known["rag"], needs=known["rag"].needs.and_below(Can.LEARN))
    table.add_row("rag+METHOD", "combined", *_works(below), _answers(below),
                  "rag on top of another method of the same list")
    return table
