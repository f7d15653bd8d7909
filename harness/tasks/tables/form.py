"""How a table is written, as far as its bytes do not say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.common.errors import HarnessError
from harness.common.names import did_you_mean, listed

HEADERLESS = ("The file has no header line? Then say --header none (`header: none` of a suite's "
              "reader) and name columns by number, from 0; or write a first line with names.")


class Form(BaseModel):
    """What may be said of a table. Only tables in lines have delimiter, encoding and quotes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delimiter: str | None = Field(None, min_length=1, max_length=1)
    """A comma where absent, or a tab by the file's ending."""
    encoding: str = "utf-8-sig"
    quotes: Literal["none", "double"] | None = None
    """`none`: a quotation mark is a character like all others. `double`: a cell that begins with
    one ends with one, and may hold delimiters and line breaks. Where absent, the same, but a cell
    that looks like several rows is an error."""
    header: Literal["none"] | None = None
    """`none`: the first line is a row, and columns are named by number, from 0."""
    skip: int = Field(0, ge=0, le=100)
    """Rows below the header that hold no items: two in Orange's `.tab`."""


PLAIN = Form()
"""Nothing is said."""


def places(path: Path, wanted: Sequence[str], names: Sequence[str], hint: str = "") -> list[int]:
    """Where each wanted column stands. Raises HarnessError for one that is not there, with the hint
    where none is, and for one that is there twice."""
    for column in wanted:
        if column not in names:
            raise absent(path, column, names, hint if set(wanted).isdisjoint(names) else "")
        if names.count(column) > 1:
            raise HarnessError(f"{path.name}: two columns are called '{column}'",
                               "Rename one of them.")
    return [names.index(column) for column in wanted]


def absent(path: Path, column: str, names: Sequence[str], hint: str = "") -> HarnessError:
    """What to say of a column that is not there: the nearest name, or else the hint."""
    nearest = did_you_mean(column, names)
    return HarnessError(f"{path.name}: there is no column '{column}' (it has {listed(names)})",
                        nearest if nearest.startswith("Did") or not hint else hint)


def numbered(width: int) -> list[str]:
    """The names of columns that have none: their numbers, from 0."""
    return list(map(str, range(width)))
