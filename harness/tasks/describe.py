"""What a stranger's table holds: its format, columns, classes and lengths."""

from __future__ import annotations

import codecs
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.common.errors import HarnessError
from harness.common.names import did_you_mean
from harness.tasks.examples import Facts, deduplicate, folded
from harness.tasks.readers import READERS
from harness.tasks.readers.folders import FolderOptions
from harness.tasks.readers.tables import TableOptions, read_frame

DELIMITERS = (",", ";", "\t", "|")
MOST_CLASSES = 200
LEAST_ITEMS = 3
"""Of a class: one a split."""
TOKENS_A_WORD = 1.4
"""Word pieces a word of English prose; only the choice of `max_length` hangs on it."""
LENGTHS = (32, 64, 128, 256, 512)


@dataclass(frozen=True)
class Format:
    """How a table's bytes are read."""

    delimiter: str | None
    encoding: str


@dataclass(frozen=True)
class Described:
    """What was understood of a data set."""

    reader: str
    options: dict[str, object]
    classes: dict[str, int]
    """Class to its items, most frequent first, after duplicates are left out."""
    values: dict[str, tuple[str, ...]]
    """Class to its spellings in the data: those that differ in case or white space alone."""
    facts: Facts
    words: tuple[int, int, int]
    """Median, 90th percentile and most, over both texts of an item."""

    @property
    def max_length(self) -> int:
        """The smallest of the usual lengths in tokens that holds nine texts of ten."""
        needed = self.words[1] * TOKENS_A_WORD
        return next((length for length in LENGTHS if length >= needed), LENGTHS[-1])


def find_format(path: Path, columns: tuple[str, ...]) -> Format:
    """Encoding and delimiter of a CSV or TSV file: the delimiter under which its header has the
    columns.

    Raises HarnessError for an empty file, one that is not text, and missing columns.
    """
    if path.suffix.lower() not in (".csv", ".tsv"):
        return Format(None, "utf-8-sig")
    encoding = _encoding(path)
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    best: list[str] = []
    for delimiter in (usual, *(d for d in DELIMITERS if d != usual)):
        try:
            names = [str(c) for c in read_frame(path, delimiter, encoding, rows=5).columns]
        except HarnessError:
            continue
        if set(columns) <= set(names):
            return Format(delimiter if delimiter != usual else None, encoding)
        best = max(best, names, key=len)
    absent = next((c for c in columns if c not in best), columns[0])
    raise HarnessError(f"{path.name}: there is no column '{absent}' (it has "
                       f"{', '.join(best[:20])})", did_you_mean(absent, best))


def describe(path: Path, options: TableOptions | FolderOptions) -> Described:
    """Read all of it and count. Raises HarnessError for data that no study can be made of."""
    name = "folders" if isinstance(options, FolderOptions) else "table"
    rows = list(READERS[name].read(path, options))
    labels = Counter(row.label for row in rows if row.text.strip())
    if not labels:
        raise HarnessError(f"{path.name}: holds no texts", "Give data.")
    if len(labels) > min(MOST_CLASSES, max(2, len(rows) // 2)):
        raise HarnessError(f"{path.name}: {len(labels)} different labels in {len(rows)} rows",
                           "Is this the column of the class? Name it with --label.")
    values = _spellings(labels)
    items, facts = deduplicate(rows, {value: i for i, spelt in enumerate(values.values())
                                      for value in spelt})
    kept = Counter(item.label for item in items)
    classes = {label: kept[i] for i, label in enumerate(values)}
    _check(path, classes)
    lengths = [len(item.joined.split()) for item in items]
    return Described(name, options.model_dump(mode="json", exclude_defaults=True),
                     dict(sorted(classes.items(), key=lambda c: (-c[1], c[0]))), values, facts,
                     (int(np.median(lengths)), math.ceil(np.percentile(lengths, 90)),
                      max(lengths)))


def _spellings(labels: Counter[str]) -> dict[str, tuple[str, ...]]:
    """Labels that differ in case or white space alone, under the most frequent of them."""
    same: dict[str, list[str]] = {}
    for label, _ in labels.most_common():
        same.setdefault(folded(label), []).append(label)
    return {spelt[0]: tuple(spelt) for spelt in same.values()}


def _check(path: Path, classes: dict[str, int]) -> None:
    if len(classes) == 1:
        raise HarnessError(f"{path.name}: all items have the class '{next(iter(classes))}'",
                           "A study needs two classes at least.")
    rare = {label: count for label, count in classes.items() if count < LEAST_ITEMS}
    if rare:
        shown = ", ".join(f"'{label}' ({count})" for label, count in list(rare.items())[:8])
        raise HarnessError(f"{path.name}: too few items of the class{'es' * (len(rare) > 1)} "
                           f"{shown}", f"Each needs {LEAST_ITEMS}, one a split: collect more, or "
                           "give these rows another class.")


def _encoding(path: Path) -> str:
    """UTF-16 by its mark, UTF-8 where all of the file is, else Windows-1252."""
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
            if not start:
                raise HarnessError(f"{path.name}: is empty", "Give data.")
            if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                return "utf-16"
            stream.seek(0)
            decoder, utf8, line = codecs.getincrementaldecoder("utf-8")(), True, 1
            while chunk := stream.read(1 << 20):
                if b"\0" in chunk:
                    line += chunk[: chunk.index(b"\0")].count(b"\n")
                    raise HarnessError(f"{path.name}:{line}: holds a NUL byte: not text",
                                       "Export the table again.")
                line += chunk.count(b"\n")
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    utf8 = False
    except OSError as error:
        raise HarnessError(f"{path}: {error.strerror}", "Name a readable file.") from None
    return "utf-8-sig" if utf8 else "cp1252"
