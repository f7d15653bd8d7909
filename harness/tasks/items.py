"""Examples that lie in a file, built when they are asked for."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.inputs.picture import Picture
from harness.targets.regression import number_text
from harness.targets.spans import Span
from harness.tasks.examples import Example

STORED = pa.schema([("id", pa.string()), ("text", pa.large_string()), ("pair", pa.large_string()),
                    ("label", pa.int32()), ("group", pa.large_string()), ("slices", pa.string()),
                    ("classes", pa.list_(pa.int32())), ("document", pa.large_string())])
"""Of a file of items; `slices` is JSON; a document is named where there is a corpus. Behind them,
where the task asks for numbers, `value`, and where it asks for spans, `spans`: beginning, end and
class of each."""
VALUE = pa.field("value", pa.float64())
SPANS = pa.field("spans", pa.list_(pa.list_(pa.int32())))
PICTURE = pa.field("picture", pa.struct([
    ("identity", pa.string()), ("perceptual", pa.uint64()), ("name", pa.large_string()),
    ("width", pa.int32()), ("height", pa.int32()), ("store", pa.string())]))
"""Of pictures, whose pixels lie in a store."""
ROW_GROUP = 4096
"""Rows that are read at once: the first items of a million cost no more than those of thousands."""


class Items(Sequence[Example]):
    """The examples of a Parquet file, in its order. Pickled by its path."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[type[Items], tuple[Path]]:
        return Items, (self.path,)

    @cached_property
    def _length(self) -> int:
        return int(pq.read_metadata(self.path).num_rows)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Example]:
        return self._from(0)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Example, ...]: ...
    def __getitem__(self, index: int | slice) -> Example | tuple[Example, ...]:
        if isinstance(index, slice):
            wanted = range(len(self))[index]
            first = min(wanted, default=0)
            found = list(islice(self._from(first), max(wanted, default=-1) + 1 - first))
            return tuple(found[i - first] for i in wanted)
        return next(self._from(range(len(self))[index]))

    def column(self, name: str) -> Iterator[Any]:
        """`id`, `label`, `group`, `classes`, `value` or `spans` of every example; texts are not
        read."""
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(columns=[name]):
                yield from batch.column(0).to_pylist()

    def take(self, places: np.ndarray) -> tuple[Example, ...]:
        """The examples at some places, in their order; no more than `ROW_GROUP` are read at once.
        """
        found: dict[int, Example] = {}
        rising = np.sort(places)
        with pq.ParquetFile(self.path) as file:
            for group in np.unique(rising // ROW_GROUP).tolist():
                own = rising[rising // ROW_GROUP == group]
                rows = file.read_row_group(group).take(pa.array(own - group * ROW_GROUP))
                found |= zip(own.tolist(), map(_example, rows.to_pylist()), strict=True)
        return tuple(found[place] for place in places.tolist())

    @cached_property
    def asked(self) -> str | None:
        """The column that says more of what is right than classes do; None where there is none."""
        names = pq.read_schema(self.path).names
        return next((field.name for field in (VALUE, SPANS) if field.name in names), None)

    def numbers(self, name: str) -> np.ndarray:
        """`label` or `group` of every example as a number; groups as they first stand."""
        with pq.ParquetFile(self.path, read_dictionary=["group"]) as file:
            values = file.read([name])[name].combine_chunks()
        if pa.types.is_dictionary(values.type):
            values = values.indices
        return np.asarray(values)

    def _from(self, first: int) -> Iterator[Example]:
        with pq.ParquetFile(self.path) as file:
            groups = range(first // ROW_GROUP, file.num_row_groups)
            for group in groups:
                rows = file.read_row_group(group).to_pylist()
                yield from map(_example, rows[first - group * ROW_GROUP
                                              if group == groups[0] else 0:])


def _example(row: dict[str, Any]) -> Example:
    classes, value, spans = row["classes"], row.get("value"), row.get("spans")
    picture = row.get("picture")
    return Example(**row | {"slices": json.loads(row["slices"]),
                            "classes": None if classes is None else tuple(classes),
                            "references": () if value is None else (number_text(value),),
                            "picture": picture and Picture(**picture),
                            "spans": None if spans is None else tuple(Span(*s) for s in spans)})


def column(examples: Sequence[Example], name: str) -> Iterator[Any]:
    """`id`, `label`, `group` or `classes` of every example, without building those that lie in a
    file."""
    if isinstance(examples, Items):
        return examples.column(name)
    return (getattr(example, name) for example in examples)


def numbers(examples: Sequence[Example], name: str) -> np.ndarray:
    """`label` or `group` of every example as a number; groups as they first stand."""
    if isinstance(examples, Items):
        return examples.numbers(name)
    found: dict[object, int] = {}
    values = (getattr(example, name) for example in examples)
    return np.array([value if name == "label" else found.setdefault(value, len(found))
                     for value in values], dtype=np.int64)


def members(examples: Sequence[Example]) -> tuple[np.ndarray, np.ndarray]:
    """Every class that an item has: the item's place, and the class."""
    if isinstance(examples, Items):
        with pq.ParquetFile(examples.path) as file:
            classes = file.read(["classes"])["classes"].combine_chunks()
        if classes.null_count < len(classes):
            return (np.asarray(pc.list_parent_indices(classes)),
                    np.asarray(pc.list_flatten(classes)))
        return np.arange(len(examples)), examples.numbers("label")
    pairs = [(place, number) for place, example in enumerate(examples)
             for number in example.every_class]
    places, classes = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return places, classes


def take(examples: Sequence[Example], places: np.ndarray) -> tuple[Example, ...]:
    """The examples at some places, in their order."""
    if isinstance(examples, Items):
        return examples.take(places)
    return tuple(examples[place] for place in places.tolist())


def write_items(path: Path, tables: Iterator[pa.Table]) -> None:
    """Write tables of one schema, `STORED` or with more behind it, as one file of items."""
    first = next(tables, STORED.empty_table())
    with pq.ParquetWriter(path, first.schema, use_dictionary=["group", "slices"]) as writer:
        for table in itertools.chain((first,), tables):
            writer.write_table(table, row_group_size=ROW_GROUP)
