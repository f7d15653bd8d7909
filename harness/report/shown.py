"""What a command found, as a value that knows how to show itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from rich.console import Console

from harness.common.text import plain
from harness.report.console import make_console
from harness.report.notebook import html_of

if TYPE_CHECKING:  # seconds of imports, and a plan that is said again needs none of it
    import pandas as pd


class Shown(ABC):
    """At a terminal, in a notebook and as a frame the same figures, from one view."""

    @abstractmethod
    def print_on(self, console: Console) -> None:
        """Print it as the command does."""

    @property
    @abstractmethod
    def verdict(self) -> str:
        """What came of it, in a sentence."""

    @abstractmethod
    def to_pandas(self) -> pd.DataFrame:
        """A row an entry. Columns and units are named where the class is."""

    def show(self) -> None:
        """Print it at the terminal, or below the cell of a notebook."""
        self.print_on(make_console())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {plain(self.verdict)}>"

    def _repr_html_(self) -> str:
        return html_of(self.print_on)
