"""Rows become files of items: read once and written down, told apart, drawn, put in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from harness.common.errors import HarnessError
from harness.common.kinds import Drawn, Over
from harness.common.text import excerpt, plain
from harness.suite import Split
from harness.tasks.cells import OneSpelling
from harness.tasks.dealing import DEALS
from harness.tasks.drawing import DRAWS, LEARNED_BY
from harness.tasks.examples import PARTS, SPLITS, PartName, Row, SplitName
from harness.tasks.items import PICTURE, ROW_GROUP, STORED, write_items
from harness.tasks.label_sets import Sets
from harness.tasks.ledger import (
    NOWHERE,
    Facts,
    Kept,
    Leak,
    Ledger,
    leaking,
    names_of,
    without_leaks,
)
from harness.tasks.readers import Reader, ReaderOptions

TEXTS = pa.schema([field for field in STORED if field.name not in ("label", "group", "classes")])
PICTURES = TEXTS.append(PICTURE)
BATCH = 16 * ROW_GROUP
SHOWN, LENGTH = 3, 80
Leaks = Literal["error", "drop"]


@dataclass(frozen=True)
class Right:
    """What label values mean where that is not one class."""

    classes: Sets = field(default_factory=dict)
    column: pa.Field | None = None
    """Of what else they mean."""
    means: Mapping[str, Any] = field(default_factory=dict)
    """What stands there."""


@dataclass(frozen=True)
class RowsAt:
    """A local file or folder of rows, and the split that all of them are of, where it is given."""

    path: Path
    split: SplitName | None


def read_rows(places: Sequence[RowsAt], reader: Reader, options: ReaderOptions
              ) -> Iterator[tuple[Row, SplitName | None]]:
    """All rows with the split that the data says they are of, cells that name one value spelt one
    way. Raises HarnessError."""
    spelling = OneSpelling()
    for place in places:
        for row in reader.read(place.path, options):
            if place.split is not None and row.split is not None:
                raise HarnessError(f"{place.path.name}: the {place.split} split, and its rows name "
                                   "their split themselves", "Take one of the two out.")
            yield _spelt(spelling, row, place.path.name), place.split or row.split


def _spelt(spelling: OneSpelling, row: Row, name: str) -> Row:
    try:
        return spelling.row(row)
    except HarnessError as error:
        raise HarnessError(f"{name}: {error.found}", error.fix) from None


def write_rows(path: Path, rows: Iterator[tuple[Row, SplitName | None]], schema: pa.Schema = TEXTS
               ) -> Ledger:
    """Write the rows that have something to read to an Arrow file, in their order."""
    ledger = Ledger()
    with pa.OSFile(str(path), "wb") as stream, pa.ipc.new_file(stream, schema) as writer:
        while some := list(islice(rows, BATCH)):
            noted = ((ledger.add(row, split), row) for row, split in some)
            held = [(name, row) for name, row in noted if name is not None]
            writer.write_batch(pa.record_batch(
                [[COLUMNS[name](*one) for one in held] for name in schema.names], schema=schema))
    return ledger


COLUMNS: Mapping[str, Callable[[str, Row], Any]] = {
    "id": lambda name, row: name, "text": lambda name, row: row.text,
    "pair": lambda name, row: row.pair, "slices": lambda name, row: json.dumps(dict(row.slices)),
    "document": lambda name, row: row.document,
    "picture": lambda name, row: asdict(row.picture) if row.picture else None}
"""What stands of a row in each column, of its id and itself."""


def open_rows(path: Path) -> pa.Table:
    """What `write_rows` wrote, mapped into memory and not read."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def beginnings(texts: pa.Table, rows: Sequence[int]) -> tuple[str, ...]:
    """The first words of the texts of some rows, or what pictures are called."""
    return tuple(_brief(_called(texts, row)) for row in rows)


def settle(kept: Kept, facts: Facts, ledger: Ledger, texts: pa.Table, leaks: Leaks
           ) -> tuple[Kept, Facts]:
    """Leaks between given splits are told, and mended where the suite says `drop`."""
    if NOWHERE in kept.splits:
        return kept, facts
    facts = replace(facts, leaks=tuple(_leaks(kept, ledger, texts)))
    if leaks == "error" or not facts.leaks:
        return kept, facts
    sound = without_leaks(kept)
    return sound, replace(facts, kept=len(sound), leaked=len(kept) - len(sound),
                          groups=len(np.unique(sound.groups)))


def _leaks(kept: Kept, ledger: Ledger, texts: pa.Table) -> Iterator[Leak]:
    for what, mask in leaking(kept).items():
        if not mask.any() or (what == "groups" and not any(map(ledger.groups.__getitem__,
                                                               kept.rows[mask]))):
            continue
        found = kept[mask]
        keys = found.ids if what == "items" else found.groups
        names, first = np.unique(keys, return_index=True)
        examples = []
        for key, i in list(zip(names, first, strict=True))[:SHOWN]:
            row = int(found.rows[i])
            text = _called(texts, row) if what == "items" else ledger.group(row)
            examples.append(f"in {names_of(found.splits[keys == key])}: "
                            + _brief(text))
        yield Leak(what, len(names), tuple(examples))


def _called(texts: pa.Table, row: int) -> str:
    """What people know a row by."""
    if PICTURE.name not in texts.column_names:
        return str(texts["text"][row].as_py())
    return str(texts[PICTURE.name][row]["name"].as_py())


def _brief(text: str) -> str:
    return excerpt(" ".join(plain(text).split()), LENGTH)


def grouped(kept: Kept) -> bool:
    """Whether there are groups at all: else all that can be dealt and drawn is items."""
    return len(np.unique(kept.groups)) < len(kept)


NAMES: tuple[str, ...] = PARTS
"""Numbers of parts are places here."""


def draw(kept: Kept, split: Split) -> np.ndarray:
    """The part of each item: as given, and dealt in whole groups where the data does not say, by
    groups or by items.

    Where train and test are given, validation, unless it is given too, and the gate's and the
    calibration part are dealt from train. Raises ValueError when a part would be empty, or the
    suite has shares for parts that are given.
    """
    by: Over = split.by if grouped(kept) else "items"
    deal = DEALS[by]
    if NOWHERE in kept.splits:
        dealt = deal(kept.labels, kept.groups, split.shares, split.seed)
        return np.array([NAMES.index(name) for name in split.parts])[dealt]
    parts = kept.splits.astype(np.int64)
    given = [SPLITS[part] for part in np.unique(parts)]
    for part in ("train", "test"):
        if part not in given:
            raise ValueError(f"the data names {' and '.join(given)}, and no row for {part} "
                             "that has a label")
    for part in given:
        if part in split.model_fields_set:
            raise ValueError(f"a share for {part}, which the data itself names")
    lacking = {NAMES.index(name): share for name, share in (
        ("validation", split.validation), *split.apart.items()) if name not in given}
    if lacking:
        train = parts == PARTS.index("train")
        dealt = deal(kept.labels[train], kept.groups[train],
                     (1 - sum(lacking.values()), *lacking.values()), split.seed)
        parts[train] = np.array([PARTS.index("train"), *lacking])[dealt]
    return parts


def write_parts(folder: Path, texts: pa.Table, kept: Kept, parts: np.ndarray, ledger: Ledger,
                right: Right, split: Split) -> Drawn:
    """A file of items for each part, each in the order in which a budget draws; returns how it
    draws validation and test items."""
    over: Drawn = split.over if grouped(kept) else "items"
    for number, name in enumerate(PARTS):
        part = kept[parts == number]
        draw = DRAWS[LEARNED_BY[over] if name == "train" else over]
        part = part[draw(part.ids, part.labels, part.groups, split.seed)]
        write_items(part_file(folder, name), _tables(texts, part, ledger, right))
    return over


def part_file(folder: Path, name: PartName) -> Path:
    """Where a prepared task keeps the items of a part."""
    return folder / f"{name}.parquet"


def _tables(texts: pa.Table, part: Kept, ledger: Ledger, right: Right) -> Iterator[pa.Table]:
    for start in range(0, len(part), BATCH):
        rows = part.rows[start: start + BATCH]
        found = texts.take(pa.array(rows))
        values = ledger.values(rows)
        columns = dict(zip(found.column_names, found.columns, strict=True)) | {
            "label": pa.array(part.labels[start: start + BATCH], pa.int32()),
            "group": pa.array([ledger.group(row) for row in rows], pa.large_string()),
            "classes": pa.array(list(map(right.classes.get, values)), pa.list_(pa.int32()))}
        if right.column is not None:
            columns[right.column.name] = pa.array([right.means[value] for value in values],
                                                 right.column.type)
        more = [PICTURE.name] if PICTURE.name in columns else []
        yield pa.table(columns).select([*STORED.names, *more,
                                        *([right.column.name] if right.column else [])])
