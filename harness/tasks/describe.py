"""What a stranger's table holds: its format, columns, classes and lengths."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from harness.common.capabilities import INPUTS
from harness.common.errors import HarnessError
from harness.common.kinds import AnswerLines
from harness.common.text import excerpt, folded
from harness.common.words import split_words
from harness.inputs.picture_sizes import PictureSizes
from harness.suite import Kind
from harness.tasks.cells import class_numbers, entries
from harness.tasks.class_values import class_values, common_names
from harness.tasks.examples import SPLITS, SplitName
from harness.tasks.hidden import check_hidden
from harness.tasks.label_numbers import keep_numbers, number_of
from harness.tasks.label_sets import Sets, check_named, holds_lists, keep_sets, value_counts
from harness.tasks.label_spans import class_items, hold_spans, keep_spans, own_classes
from harness.tasks.ledger import NOWHERE, Kept, Ledger
from harness.tasks.prepare import RowsAt, read_rows
from harness.tasks.readers import READERS, Reader
from harness.tasks.readers.conll import ConllOptions
from harness.tasks.readers.folders import FolderOptions, texts_at
from harness.tasks.readers.picture_folders import PictureFolderOptions
from harness.tasks.readers.picture_tables import PictureTableOptions
from harness.tasks.readers.tables import SplitColumn, TableOptions
from harness.tasks.separators import SEPARATORS, SOME, Separator, find_separator
from harness.tasks.tables.columns import read_columns
from harness.tasks.tables.form import Form
from harness.tasks.tables.found import find_encoding
from harness.tasks.tables.kinds import tables_at
from harness.tasks.tables.parquet import class_names
from harness.tasks.word_tags import are_tags

Tables = TableOptions | PictureTableOptions
Options = Tables | FolderOptions | PictureFolderOptions | ConllOptions
READER_OF: dict[type, str] = {TableOptions: "table", FolderOptions: "folders",
                              ConllOptions: "conll", PictureTableOptions: "picture_table",
                              PictureFolderOptions: "pictures"}
FEW = 100
"""Rows that tell whether texts are lists of words."""
TOKENS_A_SPAN, SIGNS_A_TOKEN = 8, 3
"""Of an answer that names a span: its class, and what it says."""
LEAST_TOKENS, MOST_TOKENS = 16, 256
LEAST_ITEMS = 3
"""Of a class: one a split."""
MOST_CLASSES = 1000
"""More are a search, not a choice, and every class costs a line of the suite."""
TOKENS_A_WORD = 1.4
"""Word pieces a word of English prose; only the choice of `max_length` hangs on it."""
LENGTHS = (32, 64, 128, 256, 512)
SPLIT_WORDS: dict[SplitName, tuple[str, ...]] = {
    "train": ("train", "training"), "test": ("test", "testing", "holdout"),
    "validation": ("validation", "valid", "val", "dev", "development")}


@dataclass(frozen=True)
class Described:
    """What was understood of a data set."""

    reader: str
    options: dict[str, object]
    classes: dict[str, int]
    """Class to its items, most frequent first, after duplicates are left out."""
    values: dict[str, tuple[str, ...]]
    """Class to its spellings in the data: those that differ in case or white space alone."""
    given: tuple[SplitName, ...]
    """The splits that the data came with; none where all of it is one."""
    words: tuple[int, int, int]
    """Median, 90th percentile and most, over both texts of an item; none of pictures."""
    kind: Kind = "classification"
    """`multilabel` where labels hold several values, `regression` where they are numbers, `spans`
    where they mark parts of the texts."""
    without: int = 0
    """Items that have no class, where they may have several."""
    separator: Separator | None = None
    """A sign that may separate several classes and was not taken for it."""
    extent: tuple[float, float, float] | None = None
    """Least, median and most of labels that are numbers."""
    answer_tokens: int = 12
    """That an answer in words may take."""
    answer_words: tuple[int, int, int] | None = None
    """As `words`, of answers in words."""
    answer_lines: AnswerLines = "one"
    """What has to be read of these."""
    sizes: PictureSizes | None = None
    """Of pictures."""

    @property
    def max_length(self) -> int:
        """The smallest of the usual lengths in tokens that holds nine texts of ten, or the largest.
        """
        return next((length for length in LENGTHS if length >= self._needed), LENGTHS[-1])

    @property
    def fits(self) -> bool:
        """Whether it does."""
        return self._needed <= self.max_length

    @property
    def _needed(self) -> float:
        return self.words[1] * TOKENS_A_WORD


def find_folders_encoding(folders: Sequence[Path], options: FolderOptions) -> FolderOptions:
    """The options with the encoding of the texts. Raises HarnessError where they have several."""
    found = {find_encoding(path): path for folder in folders
             for path in texts_at(folder, options.pattern) if not path.read_bytes().isascii()}
    if len(found) > 1:
        raise HarnessError("; ".join(f"{path.parent.name}/{path.name} is {encoding}"
                                     for encoding, path in sorted(found.items())),
                           "Save all texts in one encoding, best UTF-8.")
    return options.model_copy(update={"encoding": next(iter(found), options.encoding)})


def find_splits(paths: Sequence[Path], column: str, form: Form) -> SplitColumn:
    """Which values of a column name which split, by the words in use for them.

    Raises HarnessError for other values, and where there is no training or no test row.
    """
    values = sorted({row[0].strip() for path in paths
                     for row in read_columns(path, (column,), form)})
    named = {split: tuple(v for v in values if folded(v) in words)
             for split, words in SPLIT_WORDS.items()}
    strange = [v for v in values if not any(v in found for found in named.values())]
    if strange or not named["train"] or not named["test"]:
        shown = ", ".join(f"'{v}'" for v in (strange or values)[:8])
        raise HarnessError(f"{paths[0].name}: column '{column}' names the splits {shown}",
                           "Name each row's split train, validation or test; train and test at "
                           "least.")
    return SplitColumn(column=column, train=named["train"], validation=named["validation"],
                       test=named["test"])


def describe(places: Sequence[RowsAt], options: Options, signs: Sequence[str] = SEPARATORS,
             reader: Reader | None = None) -> Described:
    """Read all of it and count. Labels that hold several values are told by being lists, or by a
    separator, given or found among `signs`. `reader` reads rows where it is not that of such
    options. Raises HarnessError for data that no study can be made
    of, HiddenLabelsError where that is for given splits without labels."""
    name = places[0].path.name
    if isinstance(options, TableOptions) and not options.tagged and _of_words(places, options):
        options = options.model_copy(update={"tagged": True})
    ledger, words = _read(places, options, reader)
    labels, rows = ledger.labels, len(words) + ledger.empty
    if hold_spans(labels):
        return _describe_spans(name, ledger, words, options)
    check_named(name, filter(None, labels))
    several = holds_lists(labels)
    maybe = None
    if isinstance(options, Tables) and not several:
        maybe = find_separator(labels, signs)
        if maybe is not None and maybe.separates:
            return describe(places, options.model_copy(update={"separator": maybe.sign}),
                            reader=reader)
    held = (value_counts(labels) if several
            else {value: count for value, count in labels.items() if value})
    _check_count(name, held, rows)
    values = class_values(held, _numbered(places, options))
    numbers = class_numbers(values)
    sets: Sets = {}
    if several:
        kept, _, sets = keep_sets(ledger, numbers)
    else:
        kept, _ = ledger.kept(numbers)
    found = [sets.get(value, (label,)) for value, label in zip(
        ledger.values(kept.rows), kept.labels.tolist(), strict=True)]
    counts = Counter(number for own in found for number in own)
    classes = {label: counts[i] for i, label in enumerate(values)}
    _check(name, classes, maybe)
    return Described(_reader(options), options.model_dump(mode="json", exclude_defaults=True),
                     dict(sorted(classes.items(), key=lambda c: (-c[1], c[0]))), values,
                     _given(kept), _lengths(words, kept),
                     "multilabel" if several else "classification",
                     sum(not numbers for numbers in found),
                     maybe if maybe is not None and maybe.share > SOME else None)


def _check_count(name: str, held: Collection[str], rows: int) -> None:
    """Raise HarnessError where there is no label, or there are too many different ones."""
    if not held:
        raise HarnessError(f"{name}: no row has a label", "Name the column with --label.")
    if len(held) > min(MOST_CLASSES, max(2, rows // LEAST_ITEMS)):
        raise HarnessError(f"{name}: {len(held):,} different labels in {rows:,} rows",
                           "Are they numbers to answer with? Say --numbers." if all(
                               number_of(label) is not None for label in held) else
                           "Is this the column of the class? Name it with --label; where a cell "
                           "holds several, say what is between them with --separator. There may "
                           f"be {MOST_CLASSES:,} classes, of {LEAST_ITEMS} items or more each.")


def _of_words(places: Sequence[RowsAt], options: TableOptions) -> bool:
    """Whether the first rows have lists of words beside as long ones of tags, which may be numbers
    that the file has names of."""
    for file in tables_at(places[0].path):
        names = class_names(file, options.label)
        for text, label in islice(read_columns(file, (options.text, options.label), options), FEW):
            words, values = entries(text), entries(label)
            if words is None or values is None or len(words) != len(values):
                return False
            if not set(values) <= {"O"}:
                return are_tags(names[int(v)] if v.isdigit() and int(v) < len(names) else v
                                for v in values)
    return False


def _describe_spans(name: str, ledger: Ledger, words: array[int], options: Options) -> Described:
    values = class_values(class_items(ledger.labels), ())
    kept, _, spans = keep_spans(ledger, class_numbers(values))
    found = [spans[value] for value in ledger.values(kept.rows)]
    counts = Counter(number for own in found for number in own_classes(own))
    classes = {label: counts[i] for i, label in enumerate(values)}
    _check_rare(name, classes, None)
    longest = max(sum(TOKENS_A_SPAN + (span.end - span.start) // SIGNS_A_TOKEN for span in own)
                  for own in found)
    return Described(_reader(options), options.model_dump(mode="json", exclude_defaults=True),
                     dict(sorted(classes.items(), key=lambda c: (-c[1], c[0]))), values,
                     _given(kept), _lengths(words, kept), "spans",
                     sum(not own for own in found),
                     answer_tokens=min(MOST_TOKENS, max(LEAST_TOKENS, longest)))


def describe_numbers(places: Sequence[RowsAt], options: Options, reader: Reader | None = None
                     ) -> Described:
    """As `describe`, of labels that are numbers to answer with. Raises HarnessError where one is
    none, or all are one."""
    name = places[0].path.name
    ledger, words = _read(places, options, reader)
    strange = [label for label in ledger.labels if label and number_of(label) is None]
    if strange:
        raise HarnessError(f"{name}: {len(strange):,} different labels are no numbers, such as "
                           f"'{excerpt(strange[0], 40)}'", "Mend them, or leave out --numbers.")
    kept, _, numbers = keep_numbers(ledger)
    values = np.array([numbers[label] for label in ledger.values(kept.rows)])
    if len(set(values.tolist())) < 2:
        raise HarnessError(f"{name}: all labels are one number", "Name the column with --label.")
    extent = (float(values.min()), float(np.median(values)), float(values.max()))
    return Described(_reader(options), options.model_dump(mode="json", exclude_defaults=True), {},
                     {}, _given(kept), _lengths(words, kept), "regression", extent=extent)


def _reader(options: Options) -> str:
    return READER_OF[type(options)]


def _read(places: Sequence[RowsAt], options: Options, reader: Reader | None
          ) -> tuple[Ledger, array[int]]:
    """Every row, and the words of those with something to read."""
    ledger, words, reader = Ledger(), array("l"), reader or READERS[_reader(options)]
    for row, split in read_rows(places, reader, options):
        if ledger.add(row, split) is not None:
            words.append(len(split_words(row.text)) + len(split_words(row.pair or "")))
    if not ledger.labels:
        raise HarnessError(f"{places[0].path.name}: holds no {INPUTS[reader.input].items}",
                           "Give data.")
    check_hidden(ledger, {split: place.path for place in places for split in SPLITS
                          if place.split in (split, None)})
    return ledger, words


def _given(kept: Kept) -> tuple[SplitName, ...]:
    return tuple(SPLITS[i] for i in np.unique(kept.splits) if i != NOWHERE)


def _lengths(words: array[int], kept: Kept) -> tuple[int, int, int]:
    lengths = np.asarray(words)[kept.rows]
    return (int(np.median(lengths)), math.ceil(np.percentile(lengths, 90)), int(lengths.max()))


def _numbered(places: Sequence[RowsAt], options: Options) -> tuple[str, ...]:
    if not isinstance(options, Tables):
        return ()
    return common_names({path: class_names(path, options.label)
                         for place in places for path in tables_at(place.path)})


def _check(name: str, classes: dict[str, int], maybe: Separator | None) -> None:
    if len(classes) == 1:
        raise HarnessError(f"{name}: all items have the class '{next(iter(classes))}'",
                           "A study needs two classes at least; of a class that some have and "
                           "some not, name both.")
    _check_rare(name, classes, maybe)


def _check_rare(name: str, classes: dict[str, int], maybe: Separator | None) -> None:
    rare = {label: count for label, count in classes.items() if count < LEAST_ITEMS}
    if rare:
        shown = ", ".join(f"'{label}' ({count})" for label, count in list(rare.items())[:8])
        raise HarnessError(f"{name}: too few items of the class{'es' * (len(rare) > 1)} "
                           f"{shown}", f"Each needs {LEAST_ITEMS}, one a split: collect more, or "
                           "give these rows another class."
                           + (f" Are they several classes? Say --separator '{maybe.sign}'."
                              if maybe else ""))
