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
from harness.sources.fetch import fetch, fetch_whole
from harness.sources.fetched import Fetched
from harness.suite import ForgettingItems, Source

Rows = list[dict[str, Any]]
SHIPPED = files(__package__).joinpath("catalogue.yaml")


class Part(BaseModel):
    """A part of the catalogue."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Benchmark(Part):
    """One of lm-eval's tasks with data of its own. With `subjects`, a folder of many tasks."""

    definition: str
    data: str
    splits: tuple[str, ...]
    subjects: str | None = None
    """Prefix of the subjects' task names; the data has one folder a subject."""


class Probe(Part):
    """Texts and classes for a linear probe on an encoder's features."""

    data: str
    columns: tuple[str, ...]
    classes: tuple[str, ...]


class Catalogue(Part):
    """What ships."""

    source: Source
    benchmarks: dict[str, Benchmark]
    passages: str
    probes: dict[str, Probe]

    def fetched(self) -> Fetched:
        """The data on this machine, looked at once a process. Raises HarnessError."""
        return _whole(self.source, cache_folder())

    def rows(self, data: str) -> Rows:
        """The rows of an Arrow folder or of a file of requests."""
        path = self.fetched().path / data
        if path.suffix == ".gz":
            return _requests(path)
        (file,) = path.glob("*.arrow")
        with pa.OSFile(str(file)) as stream:
            rows: Rows = pa.ipc.open_stream(stream).read_all().to_pylist()
        return rows

    def passage_texts(self) -> list[str]:
        """All passages of general text."""
        return [row["text"] for row in self.rows(self.benchmarks[self.passages].data)]


def fetch_general(asked: ForgettingItems | None) -> None:
    """Bring the data of the catalogue's items to this machine, where any are asked.

    Raises HarnessError.
    """
    source = general_source(asked)
    if source is not None:
        fetch(source, Path())


def general_source(asked: ForgettingItems | None) -> Source | None:
    """Where the catalogue's data come from; None where none of its items are asked."""
    known = catalogue()
    wanted = asked and (asked.passages or asked.probes
                        or {*asked.benchmarks} & {*known.benchmarks})
    return known.source if wanted else None


@cache
def _whole(source: Source, cached: Path) -> Fetched:
    return fetch_whole(source, Path())


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
