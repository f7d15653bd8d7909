"""Local files and folders."""

from __future__ import annotations

from pathlib import Path

from harness.common.errors import HarnessError
from harness.common.files import sha256_file, sha256_tree
from harness.common.names import did_you_mean
from harness.sources.fetched import Fetched
from harness.suite import FileSource


def fetch_file(source: FileSource, folder: Path) -> Fetched:
    """A local file or folder and its content hash. Raises HarnessError when it is missing."""
    path = (folder / Path(source.file).expanduser()).resolve()
    if not path.exists():
        there = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise HarnessError(f"{source.file}: there is no such file", did_you_mean(path.name, there))
    digest = sha256_tree(path) if path.is_dir() else sha256_file(path)
    return Fetched(path, digest, path.name)
