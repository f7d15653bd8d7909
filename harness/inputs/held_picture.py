"""A picture that is in no store: read again each time that its pixels are asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from harness.common.errors import HarnessError
from harness.inputs.near_pictures import perceptual
from harness.inputs.picture import Picture
from harness.inputs.picture_files import read_picture
from harness.inputs.picture_time import part
from harness.inputs.pictures import decode, identity, upright

KINDS = ("Give the path of a file, its bytes, a PIL image, or a NumPy array [height, width] or "
         "[height, width, 3] of uint8.")


@dataclass(frozen=True)
class HeldPicture(Picture):
    """A picture by its file, or by the bytes of one."""

    source: Path | bytes = field(repr=False)

    def pixels(self) -> np.ndarray:
        """RGB, [height, width, 3] uint8. Raises HarnessError where it is no more what it was."""
        with part("decode"):
            found = decode(_bytes_of(self.source, self.name), self.name)
            if identity(found) != self.identity:
                raise HarnessError(f"{self.name}: changed while it was read",
                                   "Give files that nobody writes to.")
        return found


def held_picture(given: Any, name: str) -> HeldPicture:
    """What a caller calls a picture: a path, bytes of a file, a PIL image, or an array of uint8.
    `name` stands in errors.

    Raises HarnessError for what is none, and as `decode` does.
    """
    source = _source(given, name)
    pixels = decode(_bytes_of(source, name), name)
    height, width, _ = pixels.shape
    return HeldPicture(identity(pixels), perceptual(pixels), name, width, height, "", source)


def _source(given: Any, name: str) -> Path | bytes:
    if isinstance(given, str | os.PathLike):
        return Path(given)
    if isinstance(given, bytes | bytearray | memoryview):
        return bytes(given)
    if isinstance(given, Image.Image):
        return _plain(upright(given, name))
    if isinstance(given, np.ndarray):
        return _plain(upright(_image(given, name), name))
    raise HarnessError(f"{name}: is a {type(given).__name__} and no picture", KINDS)


def _image(given: np.ndarray, name: str) -> Image.Image:
    if given.dtype != np.uint8 or given.ndim not in (2, 3) or given.shape[2:] not in ((), (3,)) or (
            not given.size):
        raise HarnessError(f"{name}: is an array {list(given.shape)} of {given.dtype}", KINDS)
    return Image.fromarray(np.ascontiguousarray(given))


def _plain(pixels: np.ndarray) -> bytes:
    """The same pixels as a file (PPM)."""
    height, width, _ = pixels.shape
    return f"P6 {width} {height} 255\n".encode() + np.ascontiguousarray(pixels).tobytes()


def _bytes_of(source: Path | bytes, name: str) -> bytes:
    return source if isinstance(source, bytes) else read_picture(source, name)
