"""The benchmarks that ship: which data, under which of lm-eval's task definitions."""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict

from harness.common.cache import cache_folder
from harness.common.capabilities import INPUTS
from harness.common.files import sha256_json
from harness.common.kinds import Input
from harness.sources.fetch import fetch, fetch_whole
from harness.sources.fetched import Fetched
from harness.suite import ForgettingItems, Source

Rows = list[dict[str, Any]]
SHIPPED = files(__package__).joinpath("catalogue.yaml")
SHIPS = ".jsonl"
"""How the names of data files end that lie beside the catalogue."""


class CatalogueRow(BaseModel):
    """A part of the catalogue."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Benchmark(CatalogueRow):
    """One of lm-eval's tasks with data of its own. With `subjects`, a folder of many tasks."""

    definition: str
    data: str
    splits: tuple[str, ...]
    subjects: str | None = None
    """Prefix of the subjects' task names; the data has one folder a subject."""
    chat: bool = False
    """Asked in the model's chat template where it has one, whatever a suite says."""
    tokens: int | None = None
    """The most of a written answer, where it is not lm-eval's."""
    nltk: Source | None = None
    """A folder that NLTK finds its data in."""

    def nltk_folder(self) -> Path | None:
        """The same on this machine, whole. Raises HarnessError."""
        return None if self.nltk is None else _whole(self.nltk, cache_folder()).path

    def ships(self) -> bool:
        """Whether its data are a file beside the catalogue."""
        return self.data.endswith(SHIPS)

    def place(self) -> str | None:
        """Where all its splits lie in the catalogue's source, None where they do not."""
        return None if self.ships() else self.data


class Probe(CatalogueRow):
    """Texts and classes for a linear probe on an encoder's features."""

    data: str
    columns: tuple[str, ...]
    classes: tuple[str, ...]

    def place(self) -> str | None:
        """Where all its splits lie in the catalogue's source."""
        return self.data.rpartition("/")[0]


class PictureProbe(CatalogueRow):
    """Pictures and classes for a linear probe on a model's features."""

    source: Source
    reader: dict[str, dict[str, Any]]
    """A reader of the harness, with its options."""
    classes: tuple[str, ...]
    """As the reader's labels are."""


class Catalogue(CatalogueRow):
    """What ships."""

    source: Source
    benchmarks: dict[str, Benchmark]
    passages: str
    probes: dict[str, Probe]
    pictures: dict[str, PictureProbe] = {}

    def probes_of(self, read: Input) -> tuple[str, ...]:
        """Names of the probes of such items."""
        return tuple(self.probes if INPUTS[read].in_words else self.pictures)

    def fetched(self) -> Fetched:
        """The data on this machine, looked at once a process. Raises HarnessError."""
        return _whole(self.source, cache_folder())

    def rows(self, data: str) -> Rows:
        """The rows of an Arrow folder, of a file of requests, or of a file that ships."""
        if data.endswith(SHIPS):
            return _lines(data)
        path = self.fetched().path / data
        if path.suffix == ".gz":
            return _requests(path)
        (file,) = path.glob("*.arrow")
        with pa.OSFile(str(file)) as stream:
            rows: Rows = pa.ipc.open_stream(stream).read_all().to_pylist()
        return rows

    def shipped(self) -> dict[str, str]:
        """Hashes of the files beside the catalogue that benchmarks are of, by name."""
        return {one.data: sha256_json(shipped(one.data))
                for one in self.benchmarks.values() if one.ships()}

    def passage_texts(self) -> list[str]:
        """All passages of general text."""
        return [row["text"] for row in self.rows(self.benchmarks[self.passages].data)]


def fetch_general(asked: ForgettingItems | None) -> None:
    """Bring the data of the catalogue's items to this machine, where any are asked.

    Raises HarnessError.
    """
    for source in general_sources(asked):
        fetch(source, Path())


def general_sources(asked: ForgettingItems | None) -> tuple[Source, ...]:
    """Where the data of the catalogue's items come from; none where none of them are asked."""
    known = catalogue()
    if asked is None:
        return ()
    benchmarks = [known.benchmarks[name] for name in asked.benchmarks if name in known.benchmarks]
    pictures = [known.pictures[name] for name in asked.probes if name in known.pictures]
    of_text = not pictures and (asked.passages or asked.probes)
    shared = of_text or not all(b.ships() for b in benchmarks)
    return (*((known.source,) if shared else ()), *(probe.source for probe in pictures),
            *(benchmark.nltk for benchmark in benchmarks if benchmark.nltk))


@cache
def _whole(source: Source, cached: Path) -> Fetched:
    return fetch_whole(source, Path())


def _lines(name: str) -> Rows:
    return [json.loads(line) for line in shipped(name).splitlines()]


def shipped(name: str) -> str:
    """The text of a file beside the catalogue."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _requests(path: Path) -> Rows:
    """Documents of a file with one answer choice a line, each document once."""
    documents: dict[Any, dict[str, Any]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            document = json.loads(line)["doc"]
            documents.setdefault(document["id"], document)
    return [{"text": f"{d['query']} {d['choices'][0]}"} for d in documents.values()]


@cache
def catalogue() -> Catalogue:
    """The catalogue of this release."""
    return Catalogue.model_validate(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))
