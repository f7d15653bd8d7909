"""Views of the terminal as HTML, for a notebook's cell: the same lines, and tables as tables."""

from __future__ import annotations

import io
from collections.abc import Callable
from html import escape
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from harness.common.text import plain

LINE = '<div style="white-space: pre-wrap">{}</div>'


class HtmlConsole(Console):
    """Takes down what is printed instead of printing it. Everything is escaped."""

    def __init__(self) -> None:
        super().__init__(file=io.StringIO(), emoji=False)
        self.blocks: list[str] = []
        self._line = ""

    def print(self, *objects: Any, sep: str = " ", end: str = "\n", markup: bool | None = None,
              **style: Any) -> None:
        """A table as a table, all else as text. `style` is the terminal's own."""
        if len(objects) == 1 and isinstance(objects[0], Table):
            self.blocks.append(_table(objects[0]))
            return
        self._line += sep.join(str(one) if markup is False else _without_markup(one)
                               for one in objects)
        if end == "\n":
            self.blocks += [LINE.format(_escaped(line)) for line in self._line.split("\n")]
            self._line = ""


def html_of(view: Callable[[Console], None]) -> str:
    """What a view prints, as HTML."""
    console = HtmlConsole()
    view(console)
    return "\n".join(console.blocks)


def cells(table: Table) -> list[list[str]]:
    """The text of a table: its columns' names, then its rows."""
    rows = zip(*(column.cells for column in table.columns), strict=True)
    return [[_without_markup(cell) for cell in row]
            for row in ([column.header for column in table.columns], *rows)]


def _table(table: Table) -> str:
    title = "" if table.title is None else (
        f'<caption style="text-align: left">{_escaped(_without_markup(table.title))}</caption>')
    names, *rows = cells(table)
    head = f"<thead><tr>{_row('th', table, names)}</tr></thead>" if table.show_header else ""
    body = "".join(f"<tr>{_row('td', table, row)}</tr>" for row in rows)
    return f"<table>{title}{head}<tbody>{body}</tbody></table>"


def _row(tag: str, table: Table, texts: list[str]) -> str:
    return "".join(f'<{tag} style="text-align: {_side(column)}">{_escaped(text)}</{tag}>'
                   for column, text in zip(table.columns, texts, strict=True))


def _side(column: Column) -> str:
    return "right" if column.justify == "right" else "left"


def _without_markup(content: Any) -> str:
    """The text of what a terminal is given with its colours."""
    return content.plain if isinstance(content, Text) else Text.from_markup(
        str(content), emoji=False).plain


def _escaped(text: str) -> str:
    return escape(plain(text))
