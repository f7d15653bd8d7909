"""Prepared pictures on disk: the bytes they came as, each picture once, found by what it shows.

A store is a folder of shards, Arrow files that are mapped into memory, and a sealed index of them.
Original bytes are kept, not pixels: they are ten times fewer, and decoding takes less than a tenth
of what a model takes to read a picture. Pixels are held against their identity each time.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from harness.common.cache import cache_folder
from harness.common.errors import HarnessError
from harness.common.files import sha256_json, write_atomic
from harness.common.provenance import provenance
from harness.common.sealed import sealed, unsealed
from harness.inputs.pictures import decode, identity

FACTS = pa.schema([("name", pa.large_string()), ("source", pa.binary(32)),
                   ("identity", pa.large_string()), ("width", pa.int32()), ("height", pa.int32()),
                   ("perceptual", pa.uint64()), ("fault", pa.large_string())])
"""Of every row that was read: what errors call it, the sha256 of its file, what it shows
(`pictures.identity`), pixels, the hash that tells near-duplicates; or why it is no picture."""
SHARD = FACTS.append(pa.field("picture", pa.large_binary()))
"""With the file itself, where it is a picture that no earlier row has."""
INDEX = "index.json"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureStore:
    """A finished store. Its pictures are read from a mapped file: many processes may."""

    folder: Path
    facts: pa.Table
    """`FACTS`, a row for each row that was read, in their order."""
    pictures: pa.ChunkedArray
    """The files, null where a row has none of its own."""

    @cached_property
    def places(self) -> dict[str, int]:
        """The row that holds each picture, by identity."""
        held = np.flatnonzero(self.pictures.is_valid().to_numpy())
        return dict(zip(self.facts["identity"].take(held).to_pylist(), held.tolist(), strict=True))

    @property
    def faults(self) -> list[tuple[int, str]]:
        """Rows that are no picture, with what was found."""
        rows = np.flatnonzero(self.facts["fault"].is_valid().to_numpy())
        return list(zip(rows.tolist(), self.facts["fault"].take(rows).to_pylist(), strict=True))

    def pixels(self, wanted: str) -> np.ndarray:
        """The pixels of an identity, [height, width, 3] uint8.

        Raises KeyError for one that is not here, and HarnessError where what is kept shows
        something else by now.
        """
        row = self.places[wanted]
        name = self.facts["name"][row].as_py()
        try:
            found = decode(self.pictures[row].as_py(), name)
        except HarnessError as error:
            raise self._damaged(error.found) from None
        if identity(found) != wanted:
            raise self._damaged(f"{name} shows something else")
        return found

    def _damaged(self, found: str) -> HarnessError:
        return HarnessError(f"{self.folder}: what was prepared is damaged: {found}",
                            "Delete the folder: the pictures are prepared again.")


def store_folder(key: str) -> Path:
    """Where the pictures of some data lie in the cache. `key` names data and reader by content."""
    return stores() / sha256_json([key, provenance(__name__).key])[:32]


def stores() -> Path:
    """Where the cache keeps all of them."""
    return cache_folder() / "pictures"


def open_store(folder: Path) -> PictureStore | None:
    """The store in a folder; None where none was finished. A damaged one is named in the log, and
    None too: `prepare` takes from it what is sound."""
    index = folder / INDEX
    if not index.is_file():
        return None
    try:
        noted = unsealed(index.read_text(encoding="utf-8"))
        store = _mapped(folder, [folder / name for name in noted["shards"]])
        if facts_sha256(store.facts) == noted["facts"]:
            return store
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        pass
    logger.warning("%s is damaged: prepared again", folder)
    return None


def finish(folder: Path, shards: Sequence[Path]) -> PictureStore:
    """Seal what was prepared."""
    store = _mapped(folder, shards)
    noted = {"shards": [path.name for path in shards], "facts": facts_sha256(store.facts)}
    write_atomic(folder / INDEX, sealed(json.dumps(noted)))
    return store


def facts_sha256(facts: pa.Table) -> str:
    """Hex sha256 of some rows' facts."""
    digest = hashlib.sha256()
    for row in zip(*(column.to_pylist() for column in facts.columns), strict=True):
        digest.update(repr(row).encode())
    return digest.hexdigest()


def open_shard(path: Path) -> pa.Table:
    """`SHARD`, mapped into memory and not read. Raises OSError and ArrowException."""
    found = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    if found.schema != SHARD:
        raise pa.ArrowInvalid(f"{path.name} is no shard")
    return found


def _mapped(folder: Path, shards: Sequence[Path]) -> PictureStore:
    empty = SHARD.empty_table()
    whole = pa.concat_tables([empty, *map(open_shard, shards)])
    return PictureStore(folder, whole.select(FACTS.names).combine_chunks(), whole["picture"])
