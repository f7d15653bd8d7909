"""What was looked at before: a file that only grows, a line a table.

A line holds counts and hashes, no text: how many units were right, and which were counted, by the
ids that runs and baselines have for items too. Each line has the hash of the one before and its
own, so that a line that was edited, moved or taken out shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from harness.common.chained import Break, chain_text, chained, read_chain
from harness.common.errors import HarnessError
from harness.common.files import write_atomic
from harness.measure.part import RecordPart

Unit = Literal["items", "groups"]


class Look(RecordPart):
    """A table that the approved model was watched on."""

    before: str
    """Hash of the line before; empty of the first."""
    baseline: str
    """Hash of the baseline's content."""
    at: str
    """UTC, ISO 8601."""
    look: int = Field(ge=1)
    """The number of the table among those of this baseline, from 1."""
    texts: str
    """Hash of its items' ids."""
    unit: Unit | None = None
    right: float = 0.0
    """Units right, of those that were counted first here."""
    counted: tuple[str, ...] = ()
    """Ids of these units."""
    sha256: str = ""

    @property
    def day(self) -> tuple[float, float]:
        """Units right and wrong."""
        return self.right, len(self.counted) - self.right


def read_looks(path: Path, baseline: str) -> tuple[tuple[Look, ...], tuple[Look, ...]]:
    """All looks of a file, and those at one baseline, the first first; none where there is no file.

    Raises HarnessError for a line that is not as it was written.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return (), ()
    except (OSError, UnicodeDecodeError) as error:
        raise HarnessError(f"{path}: cannot be read: {type(error).__name__}",
                           "Name the file of earlier looks with --state.") from None
    written, broken = read_chain(text)
    found: list[Look] = []
    for number, line in enumerate(written, start=1):
        try:
            found.append(Look.model_validate(line))
        except ValidationError:
            broken = Break(number, "no-line")
            break
    if broken is not None:
        raise HarnessError(f"{path}, line {broken.number}: is not as it was written",
                           "Restore the file, or name a new one with --state: what it says "
                           "then begins anew.")
    return tuple(found), tuple(look for look in found if look.baseline == baseline)


def number_of(looks: Sequence[Look], texts: str) -> int:
    """The number of a table: its own where it was looked at before, else the next."""
    known = next((look.look for look in looks if look.texts == texts), None)
    return known or 1 + max((look.look for look in looks), default=0)


def add_look(path: Path, looks: Sequence[Look], look: Look) -> None:
    """Write the file with one line more. Raises CannotWriteError."""
    before = [one.model_dump(mode="json") for one in looks]
    write_atomic(path, chain_text([*before, chained(before, look.model_dump(mode="json"))]))
