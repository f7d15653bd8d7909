"""A task: named classes, a prompt, answer options and splits."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.common.located import explain
from harness.sources import Fetched, fetch, fetch_whole
from harness.sources.cache import cache_folder
from harness.suite import Kind, LoadedSuite, Prompt
from harness.tasks import examples as examples_module
from harness.tasks.corpus import Corpus, load_corpus
from harness.tasks.examples import Example, Facts, Row, deduplicate
from harness.tasks.questions import gather, split_questions
from harness.tasks.readers import READERS, Reader, ReaderOptions
from harness.tasks.splits import Splits, split

ITEMS, FACTS = "items.parquet", "facts.json"


@dataclass(frozen=True)
class Task:
    """Everything a method may know of a task beside the items themselves."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    options: tuple[str, ...]
    """The answer a decoder gives for each class, in the order of `labels`."""
    prompt: Prompt
    splits: Splits
    facts: Facts
    origin: str
    corpus: Corpus | None = None
    answer_tokens: int = 0
    """The longest answer in words; none where there are classes."""

    @property
    def sha256(self) -> str:
        """Hash of kind, classes, answers, prompt, splits and corpus."""
        return sha256_json([self.kind, self.labels, self.options, self.prompt.model_dump(),
                            self.splits.sha256, self.corpus and self.corpus.sha256,
                            self.answer_tokens])


def load_task(loaded: LoadedSuite) -> Task:
    """Fetch, read, de-duplicate and split the data of a suite.

    Prepared rows are kept in the cache, named by source, reader and options. Raises
    HarnessError for bad options, unreadable data, a class without items, too few groups.
    """
    spec = loaded.suite.task
    at = ("task", "reader", spec.reader.name)
    try:
        chosen = READERS[spec.reader.name]
    except HarnessError as error:
        raise loaded.error(at[:2], error.found, error.fix) from None
    try:
        options = chosen.options.model_validate(spec.reader.options)
    except ValidationError as error:
        raise explain(error, loaded.source, chosen.options, at) from None
    fetched = fetch(spec.source, loaded.folder)
    if spec.kind == "generation":
        return _in_words(loaded, chosen, options, fetched)
    values = {value: i for i, name in enumerate(spec.labels) for value in spec.labels[name]}
    items, facts = _prepared(loaded, fetched, chosen, options, values)
    names = tuple(spec.labels)
    _check(loaded, facts, class_counts(items, names))
    with _splitting(loaded):
        splits = split(items, spec.split.validation, spec.split.test, spec.split.seed)
    answers = tuple(spec.options.get(name, name) for name in names)
    return Task(loaded.suite.name, spec.kind, names, answers, spec.prompt, splits, facts,
                fetched.origin)


def _in_words(loaded: LoadedSuite, chosen: Reader, options: ReaderOptions, fetched: Fetched
              ) -> Task:
    """The task of questions that are answered in words."""
    spec = loaded.suite.task
    corpus = load_corpus(loaded, spec.corpus) if spec.corpus else None
    path = fetch_whole(spec.source, loaded.folder).path
    items, facts = gather(_rows(path, chosen, options), corpus.documents() if corpus else {})
    if not items:
        raise loaded.error(("task", "reader"), "no row has a question and a reference answer",
                           "Name the columns under the reader `questions`.")
    with _splitting(loaded):
        splits = split_questions(items, spec.split)
    return Task(loaded.suite.name, spec.kind, (), (), spec.prompt, splits, facts, fetched.origin,
                corpus, spec.answer_tokens)


@contextmanager
def _splitting(loaded: LoadedSuite) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise loaded.error(("task", "split"), str(error), "Give more data or groups.") from None


def class_counts(items: Iterable[Example], names: tuple[str, ...]) -> dict[str, int]:
    """Number of items by class name."""
    counts = [0] * len(names)
    for example in items:
        counts[example.label] += 1
    return dict(zip(names, counts, strict=True))


def _check(loaded: LoadedSuite, facts: Facts, by_class: dict[str, int]) -> None:
    if facts.other_label and loaded.suite.task.other_labels == "error":
        raise loaded.error(("task", "labels"),
                           f"{facts.other_label} of {facts.rows} rows have a label not listed",
                           "List it, or set `other_labels: drop`.")
    for name, count in by_class.items():
        if count < 3:
            raise loaded.error(("task", "labels", name), f"class '{name}' has {count} items",
                               "Each class needs three: one a split.")


def _prepared(loaded: LoadedSuite, fetched: Fetched, chosen: Reader, options: ReaderOptions,
              values: dict[str, int]) -> tuple[list[Example], Facts]:
    spec = loaded.suite.task
    code = inspect.getsource(inspect.getmodule(chosen.read) or chosen.read)
    key = sha256_json([fetched.sha256, spec.reader.name, options.model_dump(mode="json"), values,
                       code, inspect.getsource(examples_module)])

    def make(folder: Path) -> None:
        path = fetch_whole(spec.source, loaded.folder).path
        _write(folder, *deduplicate(_rows(path, chosen, options), values))

    kept = cache_folder() / "rows" / key[:32]
    kept_folder(kept, make)
    return _read(kept)


def _rows(path: Path, chosen: Reader, options: ReaderOptions) -> list[Row]:
    rows = list(chosen.read(path, options))
    if not rows:
        raise HarnessError(f"{path.name}: holds no rows", "Give data.")
    return rows


def _write(folder: Path, items: list[Example], facts: Facts) -> None:
    columns = {
        "id": [e.id for e in items], "text": [e.text for e in items],
        "pair": [e.pair for e in items], "label": [e.label for e in items],
        "group": [e.group for e in items], "slices": [json.dumps(dict(e.slices)) for e in items],
    }
    pd.DataFrame(columns).to_parquet(folder / ITEMS)
    (folder / FACTS).write_text(json.dumps(dataclasses.asdict(facts)), encoding="utf-8")


def _read(folder: Path) -> tuple[list[Example], Facts]:
    items = [
        Example(str(r.id), str(r.text), None if pd.isna(r.pair) else str(r.pair), int(r.label),
                str(r.group), json.loads(r.slices))
        for r in pd.read_parquet(folder / ITEMS).itertuples()
    ]
    return items, Facts(**json.loads((folder / FACTS).read_text(encoding="utf-8")))
