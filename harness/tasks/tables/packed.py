"""Packed files (`.bz2`, `.gz`, `.xz`), unpacked into memory within bounds."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from pathlib import Path
from typing import BinaryIO

from harness.common.errors import HarnessError
from harness.sources.wheel import MAX_RATIO, MAX_UNPACKED

UNPACKERS = {".bz2": bz2.BZ2File, ".gz": gzip.GzipFile, ".xz": lzma.LZMAFile}
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What is raised for files that cannot be read or unpacked."""


def unpacked_ending(path: Path) -> str:
    """The ending of the file's name in lower case, below that of its packing."""
    is_packed = path.suffix.lower() in UNPACKERS
    return Path(path.stem if is_packed else path.name).suffix.lower()


def opened(path: Path) -> BinaryIO:
    """The file's bytes, unpacked where its ending says that they are packed.

    Raises HarnessError for a file that unpacks to more than 4 GiB or 200 times its size, and one
    of `DAMAGED` for one that cannot be read.
    """
    unpacker = UNPACKERS.get(path.suffix.lower())
    if unpacker is None:
        return path.open("rb")
    most = min(MAX_UNPACKED, MAX_RATIO * path.stat().st_size)
    with unpacker(path) as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise HarnessError(f"{path.name}: would unpack to more than {most:,} bytes",
                           "This looks like a bomb: do not use it, or unpack it yourself.")
    return io.BytesIO(content)
