"""Given splits whose labels are not known, as benchmarks publish their test items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.common.errors import HarnessError
from harness.common.text import value_key
from harness.tasks.examples import SPLITS, SplitName
from harness.tasks.ledger import Ledger
from harness.tasks.readers.tables import HIDDEN

UNKNOWN = {HIDDEN, ""}


class HiddenLabelsError(HarnessError):
    """No row of some given splits has a label: they can be no part of a study."""

    def __init__(self, rows: Mapping[SplitName, int], files: Mapping[SplitName, Path]) -> None:
        self.splits = tuple(rows)
        shown = "; ".join(f"{files[split].name}: none of the {count:,} {split} rows has a label"
                          for split, count in rows.items())
        super().__init__(shown, "Leave these rows out: parts that are not given are dealt from the "
                                f"rest. (`datasets` writes {HIDDEN} for a label that is hidden.)")


def check_hidden(ledger: Ledger, files: Mapping[SplitName, Path]) -> None:
    """Raise HiddenLabelsError for given splits of which no row has a label: those of `files`."""
    given = {split: ledger.labels_in(split) for split in SPLITS}
    rows = {split: sum(labels.values()) for split, labels in given.items()
            if labels and (set(labels) == {""} or _numbered_elsewhere(
                labels, [other for name, other in given.items() if name != split]))}
    if rows:
        raise HiddenLabelsError(rows, files)


def _numbered_elsewhere(labels: Mapping[str, int], others: Sequence[Mapping[str, int]]) -> bool:
    """Whether all labels are the number that hides one, where other splits count from 0 up and do
    not have it."""
    if not {value_key(label) for label in labels} <= UNKNOWN:
        return False
    known = [found for other in others if (found := set(map(value_key, other)) - {""}) != {HIDDEN}]
    numbers = set().union(*known)
    return len(numbers) > 1 and numbers == {str(number) for number in range(len(numbers))}
