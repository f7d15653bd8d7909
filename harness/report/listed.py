"""A list of what there is, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from harness.report.notebook import cells
from harness.report.shown import Shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Listed(Shown):
    """A table of words. As a frame it has the table's own columns and rows, all of str."""

    what: str
    table: Table

    @property
    def verdict(self) -> str:
        """How many there are."""
        return f"{self.table.row_count} {self.what}"

    def print_on(self, console: Console) -> None:
        """The table."""
        console.print(self.table)

    def to_pandas(self) -> pd.DataFrame:
        """A row a row."""
        import pandas as pd

        names, *rows = cells(self.table)
        return pd.DataFrame(rows, columns=names)
