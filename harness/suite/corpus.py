"""Documents that questions are answered from."""

from __future__ import annotations

from pydantic import Field, model_validator

from harness.suite.part import Part
from harness.suite.source import Source


class Chunk(Part):
    """How documents are cut into passages, in words: letters, in a script without spaces."""

    words: int = Field(100, ge=8)
    overlap: int = Field(20, ge=0)

    @model_validator(mode="after")
    def _moves_on(self) -> Chunk:
        if self.overlap >= self.words:
            raise ValueError("overlap must be smaller than words")
        return self


class New(Part):
    """Which documents come after training: no question on them is trained on.

    Either a column of the table that says so, or a share of the documents drawn by `seed`.
    """

    column: str | None = None
    share: float | None = Field(None, gt=0, lt=1)
    seed: int = 0

    @model_validator(mode="after")
    def _says_one(self) -> New:
        if (self.column is None) == (self.share is None):
            raise ValueError("give either column or share")
        return self


class Corpus(Part):
    """A folder of text files, or a table (or a folder of tables) with a document a row."""

    source: Source
    text: str = "text"
    """Column of a table."""
    id: str | None = None
    """Column of a table; a document without one is named by its text."""
    chunk: Chunk = Chunk()
    new: New | None = None
