"""Signs that may stand between several classes in one label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SEPARATORS = (";", "|", ",", "/")
MOST, SOME = 0.5, 0.02
"""Shares of the labels that hold a sign, from which on it is taken for a separator, or told."""
ALONE = 0.5
"""Share of the values behind a sign that must also stand before one, or alone."""


@dataclass(frozen=True)
class Separator:
    """A sign that may separate several values in a label."""

    sign: str
    share: float
    """Of the labelled rows that hold it."""
    separates: bool
    """Whether most labels hold it, and it behaves as a separator does."""


def find_separator(labels: Mapping[str, int], signs: Iterable[str] = SEPARATORS
                   ) -> Separator | None:
    """What may separate several values in one label: the sign that most rows hold, of those that
    make fewer different values of the labels. `labels` gives rows by label.

    Were the sign a part of names ("yes, surely"), there would be as many values as labels. It is
    no more than a suspicion while all labels have the same number of parts, as dates have, or while
    what stands behind it stands nowhere else, as in "Sport/Football" beside "Sport": the members
    of a set stand in any place.
    """
    filled = {label: rows for label, rows in labels.items() if label}
    held = {sign: sum(rows for label, rows in filled.items() if sign in label) for sign in signs}
    fewer = [sign for sign, rows in held.items() if rows
             and len({part for label in filled for part in _parts(label, sign)}) < len(filled)]
    if not fewer:
        return None
    sign = max(fewer, key=held.__getitem__)
    share = held[sign] / sum(filled.values())
    return Separator(sign, share, share > MOST and _holds_sets(filled, sign))


def _holds_sets(labels: Iterable[str], sign: str) -> bool:
    parts = [found for label in labels if (found := _parts(label, sign))]
    first = {found[0] for found in parts}
    later = {part for found in parts for part in found[1:]}
    return (len({len(found) for found in parts}) > 1
            and len(later & first) >= ALONE * len(later))


def _parts(label: str, sign: str) -> list[str]:
    return [part.strip() for part in label.split(sign) if part.strip()]
