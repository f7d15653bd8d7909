"""Finished runs by content hash, in a folder or an object store that several machines reach.

`blobs/<sha256>` are the files; `runs/<run id>.json` says which files are a run, sealed.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from harness.common.errors import HarnessError
from harness.common.files import sha256_file
from harness.common.sealed import sealed, unsealed

Manifest = Mapping[str, str]
"""Hex sha256 by relative name, of every file of a run's folder."""


class DamagedError(Exception):
    """Something in the results is not there, or not as it was written."""


@dataclass(frozen=True)
class Results:
    """A place by its fsspec URL, or a folder by its absolute path."""

    url: str

    def check(self) -> None:
        """Raise HarnessError where the place cannot be written."""
        with self._reached() as (system, root):
            system.makedirs(root, exist_ok=True)
            self._write(system, f"{root}/writable", b"")

    def put(self, folder: Path) -> Manifest:
        """Write the files below a run's folder."""
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        manifest = {path.relative_to(folder).as_posix(): sha256_file(path) for path in files}
        with self._reached() as (system, root):
            for path in files:
                name = manifest[path.relative_to(folder).as_posix()]
                self._write(system, f"{root}/blobs/{name}", path)
        return manifest

    def get(self, manifest: Manifest, folder: Path) -> None:
        """Read a run's files into a folder. Raises DamagedError."""
        with self._reached() as (system, root):
            for name, digest in manifest.items():
                path = folder / _inside(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                try:
                    system.get_file(f"{root}/blobs/{digest}", str(path))
                except FileNotFoundError:
                    raise DamagedError(f"{name} is not there") from None
                if sha256_file(path) != digest:
                    raise DamagedError(f"{name} is damaged")

    def announce(self, run_id: str, manifest: Manifest) -> None:
        """Say which files are a run."""
        with self._reached() as (system, root):
            text = sealed(json.dumps({"run_id": run_id, "files": manifest}))
            self._write(system, f"{root}/runs/{run_id}.json", text.encode())

    def find(self, run_id: str) -> Manifest | None:
        """The files of a run; None where it was not announced or what says so is damaged."""
        with self._reached() as (system, root):
            try:
                fields = unsealed(system.cat_file(f"{root}/runs/{run_id}.json").decode())
            except (FileNotFoundError, ValueError):
                return None
            return dict(fields["files"]) if fields["run_id"] == run_id else None

    def _write(self, system: Any, name: str, content: Path | bytes) -> None:
        """Under another name first: a reader finds a file whole or not at all."""
        temporary = f"{name}.{uuid.uuid4().hex}"
        system.makedirs(name.rsplit("/", 1)[0], exist_ok=True)
        if isinstance(content, bytes):
            system.pipe_file(temporary, content)
        else:
            system.put_file(str(content), temporary)
        system.mv(temporary, name)

    @contextmanager
    def _reached(self) -> Iterator[tuple[Any, str]]:
        """The file system and the path in it. Its own errors become the harness's."""
        try:
            yield fsspec.url_to_fs(self.url)
        except (HarnessError, DamagedError):
            raise
        except Exception as error:  # each kind of store has its own
            raise HarnessError(
                f"results {self.url}: {type(error).__name__}: {str(error)[:300]}",
                "Name a folder or an fsspec URL that every machine can write, with the library "
                "of its kind of store installed.") from None


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise DamagedError(f"a run has no file {name}")
    return path
