"""Rows of pictures become a store: decoded by several threads, a shard at a time.

At any time a shard's files and a few pictures for each thread are in memory. What a killed process
had finished is taken again where the rows still have the same files.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, count, islice
from pathlib import Path

import pyarrow as pa

from harness.common.device import cpu_count
from harness.common.errors import HarnessError
from harness.common.files import atomic_file, sha256_file
from harness.common.locks import locked
from harness.inputs.near_pictures import perceptual
from harness.inputs.picture_row import PictureRow
from harness.inputs.picture_store import FACTS, INDEX, SHARD, PictureStore, finish, open_shard
from harness.inputs.pictures import decode, identity

SHARD_BYTES, SHARD_ROWS = 32 << 20, 4_096
"""What a shard holds at the most, but for the last of its files."""
AHEAD = 2
"""Rows that wait for each thread."""


@dataclass(frozen=True)
class Decoded:
    """What decoding a row's file found."""

    source: bytes
    identity: str | None = None
    width: int | None = None
    height: int | None = None
    perceptual: int | None = None
    fault: str | None = None


def prepare(rows: Iterable[PictureRow], folder: Path, threads: int | None = None) -> PictureStore:
    """The store of these rows' pictures in `folder`, which one process at a time writes.

    A file that is no picture is a fault of its row and no error. Raises CannotWriteError, and what
    reading the rows raises. `threads` are as many as cores where not given.
    """
    with locked(folder.parent / f"{folder.name}.lock"):
        (folder / INDEX).unlink(missing_ok=True)
        left = iter(rows)
        standing = _Standing(folder)
        again = standing.take(left)
        written = _write(folder, len(standing.shards), _looks(chain(again, left), threads),
                         standing.seen)
        shards = [*standing.shards, *written]
        for path in set(folder.glob("*.arrow")) - set(shards):
            path.unlink()
        return finish(folder, shards)


@dataclass
class _Standing:
    """Shards of an earlier time that are sound and hold what the rows begin with."""

    folder: Path
    shards: list[Path] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    """Identities that they hold."""

    def take(self, rows: Iterator[PictureRow]) -> list[PictureRow]:
        """Take rows as long as shards hold them; returns those that were taken and are not held."""
        for number in count():
            path, held = self._sound(number)
            if path is None or held is None:
                return []
            taken = list(islice(rows, held.num_rows))
            if ([(row.name, _sha256(row.picture)) for row in taken]
                    != list(zip(held["name"].to_pylist(), held["source"].to_pylist(),
                                strict=True))):
                return taken
            self.shards.append(path)
            self.seen.update(filter(None, held["identity"].to_pylist()))
        raise AssertionError("numbers do not end")

    def _sound(self, number: int) -> tuple[Path | None, pa.Table | None]:
        for path in sorted(self.folder.glob(f"{number:05}-*.arrow")):
            try:
                if path.stem == _named(number, sha256_file(path)):
                    return path, open_shard(path).select(FACTS.names)
            except (OSError, pa.ArrowException):
                continue
        return None, None


def _looks(rows: Iterator[PictureRow], threads: int | None) -> Iterator[tuple[PictureRow, Decoded]]:
    """Each row with what was found, in their order. Pillow decodes without Python's lock."""
    most = threads or cpu_count()
    with ThreadPoolExecutor(most) as pool:
        waiting: deque[tuple[PictureRow, Future[Decoded]]] = deque()
        for row in rows:
            waiting.append((row, pool.submit(_look, row)))
            if len(waiting) > AHEAD * most:
                first, found = waiting.popleft()
                yield first, found.result()
        for last, found in waiting:
            yield last, found.result()


def _look(row: PictureRow) -> Decoded:
    source = _sha256(row.picture)
    try:
        pixels = decode(row.picture, row.name)
    except HarnessError as error:
        return Decoded(source, fault=error.found)
    height, width, _ = pixels.shape
    return Decoded(source, identity(pixels), width, height, perceptual(pixels))


def _write(folder: Path, number: int, looks: Iterator[tuple[PictureRow, Decoded]], seen: set[str]
           ) -> Iterator[Path]:
    """Shards from this number on."""
    size, held = 0, list[dict[str, object]]()
    for row, look in looks:
        new = look.identity is not None and look.identity not in seen
        if look.identity is not None:
            seen.add(look.identity)
        held.append({"name": row.name, **vars(look), "picture": row.picture if new else None})
        size += len(row.picture) if new else 0
        if size >= SHARD_BYTES or len(held) >= SHARD_ROWS:
            yield _write_shard(folder, number, held)
            size, held, number = 0, [], number + 1
    if held:
        yield _write_shard(folder, number, held)


def _write_shard(folder: Path, number: int, held: list[dict[str, object]]) -> Path:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, SHARD) as writer:
        writer.write_batch(pa.RecordBatch.from_pylist(held, SHARD))
    content = sink.getvalue()
    path = folder / f"{_named(number, hashlib.sha256(content).hexdigest())}.arrow"
    with atomic_file(path) as stream:
        stream.write(content)
    return path


def _named(number: int, sha256: str) -> str:
    return f"{number:05}-{sha256[:32]}"


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
