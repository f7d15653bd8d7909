"""A task: named classes, a prompt, answer options and splits."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from harness.common.cache import cache_folder
from harness.common.capabilities import INPUTS
from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.common.located import explain
from harness.common.provenance import provenance
from harness.sources.fetch import fetch, fetch_whole
from harness.sources.fetched import Fetched
from harness.suite import GivenSources, LoadedSuite, Source, TaskSpec
from harness.targets.kinds import KINDS
from harness.tasks import prepare
from harness.tasks.cells import class_numbers
from harness.tasks.corpus import Corpus, Documents, load_corpus
from harness.tasks.examples import PARTS, SPLITS, Example, SplitName
from harness.tasks.items import SPANS, VALUE, Items, column
from harness.tasks.label_numbers import Numbers, keep_numbers, number_keys
from harness.tasks.label_sets import Sets, check_named, keep_sets, set_numbers
from harness.tasks.label_spans import keep_spans, own_classes, span_numbers
from harness.tasks.ledger import Facts, Kept, Leak, Ledger
from harness.tasks.picture_rows import SCHEMAS, content_of, keep_pictures, with_pictures
from harness.tasks.prepare import RowsAt
from harness.tasks.questions import gather, split_questions
from harness.tasks.readers import READERS, Reader, ReaderOptions
from harness.tasks.splits import Splits
from harness.tasks.view import TaskView

FACTS = "facts.json"
COUNTS = {3: "three", 4: "four", 5: "five"}
"""Of parts, in words."""


@dataclass(frozen=True, kw_only=True)
class Task(TaskView):
    """A task with its items."""

    splits: Splits
    facts: Facts
    origin: str

    @property
    def view(self) -> TaskView:
        """The task as methods know it."""
        return TaskView(**{part.name: getattr(self, part.name)
                           for part in dataclasses.fields(TaskView)})

    @property
    def sha256(self) -> str:
        """Hash of classes, answers, prompt and splits; of any kind but classification, whose
        approved baselines hold this hash, of what is answered and read too."""
        asked = [self.labels, self.options, self.prompt.model_dump(exclude={"passage"}),
                 self.splits.sha256]
        if KINDS[self.kind].classes and not KINDS[self.kind].several:
            return sha256_json(asked if self.corpus is None else
                               [*asked, self.prompt.passage, self.corpus.sha256])
        return sha256_json([*asked, self.kind, self.prompt.passage,
                            self.corpus and self.corpus.sha256, self.answer_tokens, self.answers,
                            *([] if self.answer_lines == "one" else [self.answer_lines])])


def load_task(loaded: LoadedSuite) -> Task:
    """Fetch, read, de-duplicate and split the data of a suite.

    Prepared items are kept in the cache, named by sources, reader, options and how they are split;
    splits that the data came with are kept as they are. Raises HarnessError for bad options,
    unreadable data, a class without items, too few groups.
    """
    spec = loaded.suite.task
    chosen, options = _reader(loaded)
    if KINDS[spec.kind].questions:
        return _in_words(loaded, chosen, options)
    sources = sources_by_split(spec.source)
    corpus = load_corpus(loaded, spec.corpus) if spec.corpus else None
    fetched = [(split, dataclasses.replace(
        found, sha256=content_of(chosen, source, found, options)))
        for split, source in sources for found in [fetch(source, loaded.folder)]]
    key = _rows_key(fetched, spec, chosen, options, corpus)

    def make(folder: Path) -> None:
        places = [RowsAt(fetch_whole(source, loaded.folder).path, split)
                  for split, source in sources]
        _prepare(folder, loaded, places, reader, options, corpus)

    in_words = INPUTS[spec.input].in_words
    contents = {found.path: found.sha256 for _, found in fetched}
    reader = chosen if in_words else with_pictures(chosen, contents, spec.unreadable)
    folder = cache_folder() / "rows" / key[:32]
    kept_folder(folder, make)
    if not in_words:
        keep_pictures(chosen, contents, options)
    facts = _facts(folder)
    names = tuple(spec.labels)
    answers = tuple(spec.options.get(name, name) for name in names)
    origin = ", ".join(dict.fromkeys(found.origin for _, found in fetched))
    return Task(loaded.suite.name, spec.kind, names, answers, spec.prompt, corpus,
                answer_tokens=0 if KINDS[spec.kind].classes else spec.answer_tokens,
                input=spec.input, splits=_parts(folder, facts), facts=facts, origin=origin)


def _rows_key(fetched: Sequence[tuple[SplitName | None, Fetched]], spec: TaskSpec, chosen: Reader,
              options: ReaderOptions, corpus: Corpus | None) -> str:
    """Names prepared items."""
    return sha256_json([[(split, found.sha256) for split, found in fetched], spec.reader.name,
                        options.model_dump(mode="json"), spec.kind, list(spec.labels.items()),
                        spec.other_labels, spec.leaks, spec.split.model_dump(),
                        corpus and corpus.sha256,
                        sorted(spec.split.model_fields_set), spec.input, spec.unreadable,
                        provenance(__name__, chosen.read.__module__).key])


def _in_words(loaded: LoadedSuite, chosen: Reader, options: ReaderOptions) -> Task:
    """The task of questions that are answered in words."""
    spec = loaded.suite.task
    if isinstance(spec.source, GivenSources):
        raise loaded.error(("task", "source"), "questions are split by the harness",
                           "Give all of them as one source.")
    fetched = fetch(spec.source, loaded.folder)
    corpus = load_corpus(loaded, spec.corpus) if spec.corpus else None
    place = RowsAt(fetch_whole(spec.source, loaded.folder).path, None)
    rows = (row for row, _ in prepare.read_rows([place], chosen, options))
    found, facts = gather(rows, corpus.documents() if corpus else {}, spec.answer_lines,
                          spec.unanswerable)
    if not found:
        raise loaded.error(("task", "reader"), "no row has a question and a reference answer",
                           "Name the columns under the reader `questions`.")
    with _splitting(loaded):
        parts = split_questions(found, spec.split)
    refusal = None if spec.unanswerable is None else spec.unanswerable.says
    return Task(loaded.suite.name, spec.kind, (), (), spec.asked, corpus, spec.answer_tokens,
                spec.answers, spec.answer_lines, refusal=refusal, splits=parts, facts=facts,
                origin=fetched.origin)


@contextmanager
def _splitting(loaded: LoadedSuite) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise loaded.error(("task", "split"), str(error), "Give more data or groups.") from None


def sources_by_split(source: Source | GivenSources) -> list[tuple[SplitName | None, Source]]:
    """Each source with the split that it is given for; None where one holds all rows."""
    if not isinstance(source, GivenSources):
        return [(None, source)]
    given = [(split, getattr(source, split)) for split in SPLITS]
    return [(split, part) for split, part in given if part is not None]


def class_counts(parts: Sequence[Sequence[Example]], names: tuple[str, ...]) -> dict[str, int]:
    """Number of items by class name."""
    counts = Counter(number for part in parts
                     for label, classes in zip(column(part, "label"), column(part, "classes"),
                                               strict=True)
                     for number in ((label,) if classes is None else classes))
    return {name: counts[number] for number, name in enumerate(names)}


def _reader(loaded: LoadedSuite) -> tuple[Reader, ReaderOptions]:
    spec = loaded.suite.task
    at = ("task", "reader", spec.reader.name)
    try:
        chosen = READERS[spec.reader.name]
    except HarnessError as error:
        raise loaded.error(at[:2], error.found, error.fix) from None
    if chosen.input != spec.input:
        raise loaded.error(at[:2], f"the reader {spec.reader.name} reads items of input "
                           f"{chosen.input}, and the task's are of input {spec.input}",
                           f"Set `input: {chosen.input}`, or name another reader.")
    try:
        return chosen, chosen.options.model_validate(spec.reader.options)
    except ValidationError as error:
        raise explain(error, loaded.source, chosen.options, at) from None


def _prepare(folder: Path, loaded: LoadedSuite, places: Sequence[RowsAt], chosen: Reader,
             options: ReaderOptions, corpus: Corpus | None) -> None:
    """Fill the folder with a file for each part, and the facts."""
    spec = loaded.suite.task
    rows, known = folder / "rows.arrow", Documents(corpus.documents() if corpus else {})
    noted = prepare.write_rows(rows, (
        (dataclasses.replace(row, document=known.of(row)), split)
        for row, split in prepare.read_rows(places, chosen, options)), SCHEMAS[spec.input])
    texts = prepare.open_rows(rows)
    rows.unlink()  # it stays mapped until it is no more used
    told = _told(loaded, places, noted)
    facts = dataclasses.replace(told.facts, conflicts=prepare.beginnings(
        texts, noted.conflicts(told.known, prepare.SHOWN)))
    kept, facts = prepare.settle(told.kept, facts, noted, texts, spec.leaks)
    with _splitting(loaded):
        parts = prepare.draw(kept, spec.split)
    over = prepare.write_parts(folder, texts, kept, parts, noted, told.right, spec.split)
    facts = dataclasses.replace(facts, over=over)
    (folder / FACTS).write_text(json.dumps(dataclasses.asdict(facts)), encoding="utf-8")


@dataclass(frozen=True)
class _Told:
    """What is right of the rows, and which of them are items."""

    kept: Kept
    facts: Facts
    right: prepare.Right
    known: Mapping[str, int]
    """Key of a label value to a number that is the same for what is the same."""


def _told(loaded: LoadedSuite, places: Sequence[RowsAt], noted: Ledger) -> _Told:
    """By the kind of task. Raises HarnessError for labels that are none, and for too few items."""
    spec, kind = loaded.suite.task, KINDS[loaded.suite.task.kind]
    if not kind.named:
        kept, facts, numbers = keep_numbers(noted)
        _check(loaded, places, facts, "that is no number", "Mend it")
        _check_numbers(loaded, kept, numbers, noted)
        return _Told(kept, facts, prepare.Right(column=VALUE, means=numbers), number_keys(numbers))
    classes = class_numbers(spec.labels)
    if kind.tagged:
        kept, facts, spans = keep_spans(noted, classes)
        _check(loaded, places, facts, "that is no list of spans, has an unlisted class, or spans "
               "that overlap", "Mend it")
        their = {label: own_classes(own) for label, own in spans.items()}
        _check_classes(loaded, _items_by_class(noted, kept, their))
        return _Told(kept, facts, prepare.Right(their, SPANS, spans), span_numbers(spans))
    if not kind.several:
        kept, facts = noted.kept(classes)
        _check(loaded, places, facts, "not listed", "List it")
        _check_classes(loaded, Counter(kept.labels.tolist()))
        return _Told(kept, facts, prepare.Right(), classes)
    check_named(places[0].path.name, filter(None, noted.labels))
    kept, facts, sets = keep_sets(noted, classes)
    _check(loaded, places, facts, "not listed", "List it")
    _check_classes(loaded, _items_by_class(noted, kept, sets))
    return _Told(kept, facts, prepare.Right(sets), set_numbers(noted, classes))


def _items_by_class(noted: Ledger, kept: Kept, sets: Sets) -> Counter[int]:
    return Counter(number for value in noted.values(kept.rows) for number in sets[value])


def _check(loaded: LoadedSuite, places: Sequence[RowsAt], facts: Facts, fault: str, fix: str
           ) -> None:
    spec = loaded.suite.task
    if not facts.rows:
        raise HarnessError(f"{', '.join(place.path.name for place in places)}: holds no rows",
                           "Give data.")
    if facts.other_label and spec.other_labels == "error":
        raise loaded.error(("task", "labels"),
                           f"{facts.other_label} of {facts.rows} rows have a label {fault}",
                           f"{fix}, or set `other_labels: drop`.")


def _check_classes(loaded: LoadedSuite, by_class: Counter[int]) -> None:
    for number, name in enumerate(loaded.suite.task.labels):
        if by_class[number] < (parts := len(loaded.suite.task.split.shares)):
            raise loaded.error(("task", "labels", name),
                               f"class '{name}' has {by_class[number]} items",
                               f"Each class needs {COUNTS[parts]}: one a split.")


def _check_numbers(loaded: LoadedSuite, kept: Kept, numbers: Numbers, noted: Ledger) -> None:
    found = {numbers[value] for value in noted.values(kept.rows)}
    if len(found) < 2:
        raise loaded.error(("task", "reader"),
                           f"{len(found)} different numbers among the labels of {len(kept)} items",
                           "Name the column of numbers as the label, and give two or more.")


def _parts(folder: Path, facts: Facts) -> Splits:
    return Splits(*(Items(prepare.part_file(folder, name)) for name in PARTS), over=facts.over)


def _facts(folder: Path) -> Facts:
    fields = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    leaks = tuple(Leak(leak["what"], leak["count"], tuple(leak["examples"]))
                  for leak in fields.pop("leaks"))
    return Facts(**fields | {"leaks": leaks, "conflicts": tuple(fields["conflicts"]),
                             "faults": tuple(fields["faults"])})
