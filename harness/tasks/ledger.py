"""What became of the rows: duplicates, conflicts, leaks, told from a few numbers a row."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.common.kinds import Drawn
from harness.tasks.cells import label_key
from harness.tasks.examples import SPLITS, Row, SplitName

NOWHERE = -1


@dataclass(frozen=True)
class Leak:
    """Items, or groups, that stand in two or more of the splits that the data came with."""

    what: str
    """`items` or `groups`."""
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """What became of the rows: counts by fate."""

    rows: int
    kept: int
    empty: int
    other_label: int
    duplicates: int
    conflicting: int
    """Rows whose text also stands under another class, in their split where the data has splits:
    none of them is kept."""
    groups: int
    leaked: int = 0
    """Items left out of a given split because a later one has them, or their group."""
    unlabelled: int = 0
    """Rows whose label is empty, where the suite gives that no meaning."""
    conflicts: tuple[str, ...] = ()
    """The beginnings of some texts that stand under two classes."""
    leaks: tuple[Leak, ...] = ()
    """Of the splits that the data came with, before anything was left out for it."""
    over: Drawn = "items"
    """How a budget draws test items."""
    lined: int = 0
    """Rows with a reference of several lines."""


@dataclass(frozen=True)
class Kept:
    """The items among the rows, by split and in the order of their ids: arrays of one length."""

    rows: np.ndarray
    """Position of the item among the rows that the ledger holds."""
    ids: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    """Numbers in the order of the groups' names."""
    splits: np.ndarray
    """Number of the given split, or `NOWHERE`."""

    def __getitem__(self, chosen: np.ndarray) -> Kept:
        return Kept(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.rows)


@dataclass
class Ledger:
    """Id, label, group and split of every row that has a text, in the order of reading."""

    ids: array[int] = field(default_factory=lambda: array("Q"))
    groups: list[str | None] = field(default_factory=list)
    empty: int = 0
    _labels: array[int] = field(default_factory=lambda: array("l"))
    _splits: array[int] = field(default_factory=lambda: array("b"))
    _values: dict[str, int] = field(default_factory=dict)

    def add(self, row: Row, split: SplitName | None) -> str | None:
        """Note a row; returns its id, None where it has nothing to read and is only counted."""
        if row.blank:
            self.empty += 1
            return None
        name = row.id
        self.ids.append(int(name, 16))
        self.groups.append(row.group)
        self._labels.append(self._values.setdefault(row.label, len(self._values)))
        self._splits.append(NOWHERE if split is None else SPLITS.index(split))
        return name

    @property
    def labels(self) -> dict[str, int]:
        """Rows by label value, in the order of reading."""
        counts = np.bincount(np.asarray(self._labels), minlength=len(self._values))
        return {value: int(counts[i]) for value, i in self._values.items()}

    def labels_in(self, split: SplitName) -> dict[str, int]:
        """The same of the rows that are given for a split."""
        own = np.asarray(self._labels)[np.asarray(self._splits) == SPLITS.index(split)]
        counts = np.bincount(own, minlength=len(self._values))
        return {value: int(counts[i]) for value, i in self._values.items() if counts[i]}

    def kept(self, classes: Mapping[str, int]) -> tuple[Kept, Facts]:
        """The items with distinct folded texts, and what became of the rows.

        `classes` maps keys of label values to class indices; rows of other values, or of none, are
        left out. Of rows with one text and one class the first is kept; a text under two classes is
        left out. Where the data came with splits, each is looked at by itself. An item without a
        group is a group of its own.
        """
        ids, splits = np.asarray(self.ids), np.asarray(self._splits)
        labels, order, starts, agree = self._by_text(classes)
        sizes = np.diff(np.append(starts, len(order)))
        unlabelled = 0 if "" in classes else self.labels.get("", 0)
        rows = order[starts[agree]]
        kept = Kept(rows, ids[rows], labels[rows], self._numbered(rows), splits[rows])
        return kept, Facts(
            rows=self.empty + len(ids), kept=len(kept), empty=self.empty,
            other_label=len(ids) - len(order) - unlabelled, unlabelled=unlabelled,
            duplicates=int((sizes[agree] - 1).sum()),
            conflicting=int(sizes[~agree].sum()), groups=len(np.unique(kept.groups)))

    def conflicts(self, classes: Mapping[str, int], most: int) -> list[int]:
        """The first row of each of some texts that stand under two classes."""
        _, order, starts, agree = self._by_text(classes)
        return [int(row) for row in np.sort(order[starts[~agree]])[:most]]

    def _by_text(self, classes: Mapping[str, int]
                 ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Class of each row; the rows of a class by split and text; where in these each text
        starts, and whether all of its rows are of one class."""
        known = np.array([classes.get(label_key(value), NOWHERE) for value in self._values],
                         dtype=np.int64)
        labels = known[np.asarray(self._labels)] if len(known) else np.zeros(0, np.int64)
        ids, splits = np.asarray(self.ids), np.asarray(self._splits)
        listed = np.flatnonzero(labels != NOWHERE)
        # Stable: of the rows with one text, the first read comes first.
        order = listed[np.lexsort((ids[listed], splits[listed]))]
        starts = np.flatnonzero(_changes(ids[order]) | _changes(splits[order]))
        agree = (np.minimum.reduceat(labels[order], starts)
                 == np.maximum.reduceat(labels[order], starts)) if len(starts) else starts > 0
        return labels, order, starts, agree

    def values(self, rows: np.ndarray) -> list[str]:
        """The label values of rows."""
        names = list(self._values)
        return [names[self._labels[row]] for row in rows.tolist()]

    def group(self, row: int) -> str:
        """The name of a row's group: its id where it has none."""
        name = self.groups[row]
        return f"{self.ids[row]:016x}" if name is None else name

    def _numbered(self, rows: np.ndarray) -> np.ndarray:
        names = np.array([self.group(row) for row in rows], dtype=object)
        return np.unique(names, return_inverse=True)[1]


def leaking(kept: Kept) -> dict[str, np.ndarray]:
    """`items` and `groups` that stand in two given splits: a mask over the items for each."""
    return {"items": _in_two(kept.ids, kept.splits), "groups": _in_two(kept.groups, kept.splits)}


def without_leaks(kept: Kept) -> Kept:
    """The items but those that a later split has too, or whose group it has: test keeps all."""
    stays = np.ones(len(kept), dtype=bool)
    for split in range(len(SPLITS) - 1):
        later = kept[kept.splits > split]
        stays &= (kept.splits != split) | ~(np.isin(kept.ids, later.ids)
                                            | np.isin(kept.groups, later.groups))
    return kept[stays]


def _in_two(keys: np.ndarray, splits: np.ndarray) -> np.ndarray:
    """Whether an item's key also stands in another split than its own."""
    _, number = np.unique(keys, return_inverse=True)
    pairs = np.unique(np.stack([number, splits]), axis=1)
    return (np.bincount(pairs[0], minlength=1) > 1)[number] if len(keys) else number > 0


def _changes(values: np.ndarray) -> np.ndarray:
    """Whether a value differs from the one before; the first does."""
    return np.append(np.ones(min(1, len(values)), dtype=bool), values[1:] != values[:-1])


def names_of(splits: Sequence[int]) -> str:
    """Given splits by name, in their order."""
    return " and ".join(SPLITS[split] for split in sorted(set(splits)))
