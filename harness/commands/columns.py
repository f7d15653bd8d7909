"""What a user says of the columns of a table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Columns:
    """What the user says of the columns."""

    text: str | None
    label: str | None
    pair: str | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()
    split: str | None = None
    numbers: bool = False
    """Whether labels are numbers to answer with."""
    separator: str | None = None
    """Between the values of a label that may hold several; `none` where they hold one whatever
    signs they have."""
    answers: str | None = None
    """Of answers in words: one, or a list of which each is right."""
