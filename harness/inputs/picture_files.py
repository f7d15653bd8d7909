"""Files of pictures before anything is decoded: how they end, and reading one within bounds."""

from __future__ import annotations

import os
from pathlib import Path

from harness.common.errors import HarnessError

SUFFIXES = {"BMP": (".bmp", ".dib"), "GIF": (".gif",), "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
            "PNG": (".png", ".apng"), "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
            "TIFF": (".tif", ".tiff"), "WEBP": (".webp",)}
"""Formats that are read, and how their files end. Pillow reads more: some of them by programs of
others (EPS), or by parsers that few have looked at."""
ENDINGS = frozenset(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
OTHERS = frozenset((".avif", ".cr2", ".dcm", ".dng", ".eps", ".heic", ".heif", ".ico", ".jp2",
                    ".jxl", ".nef", ".pdf", ".psd", ".svg", ".tga"))
"""How files end that are pictures too, and are not read."""
MOST_BYTES = 512_000_000
"""Of a file: more than any takes that has as many pixels as are read."""


def called(path: Path, folder: Path) -> str:
    """What people know a file by: its path below a folder, `/` between parts; bytes that are no
    UTF-8 as they are written (`\\xff`)."""
    name = path.relative_to(folder).as_posix()
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def read_picture(path: Path, name: str) -> bytes:
    """A file's bytes. Raises HarnessError where it cannot be read, or is no plain file of a
    picture's size."""
    try:
        if path.exists() and not path.is_file():
            raise HarnessError(f"{name}: is no plain file", "Leave it out.")
        if not path.is_file():
            raise HarnessError(f"{name}: there is no such file", "Put it there, or leave it out.")
        if path.stat().st_size > MOST_BYTES:
            raise HarnessError(f"{name}: has more than {MOST_BYTES:,} bytes",
                               "Is this one picture? Leave it out.")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise HarnessError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}",
                           "Make it readable, or leave it out.") from None
