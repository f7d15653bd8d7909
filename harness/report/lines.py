"""Lines of a view that are printed as they are."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console


def print_lines(console: Console, lines: Iterable[str]) -> None:
    """Each as it is, however long."""
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
