"""A picture file as pixels: decoded within bounds, always in the same way.

What comes out is RGB of 8 bits, the way up that EXIF says. Of 16 bits a channel the high 8 are
taken; floats run from 0 (black) to 1 (white); what is transparent lies on white; CMYK is turned by
the plain formula, and colour profiles are not applied.
"""

from __future__ import annotations

import base64
import hashlib
import io
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import PurePath

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from harness.common.errors import HarnessError
from harness.inputs.picture_files import ENDINGS, MOST_BYTES, SUFFIXES

MOST_PIXELS = 50_000_000
"""What a picture may have: 200 MB as floats of 4 bytes; cameras have 48 million or fewer."""
MOST_ASPECT = 100
"""How many times as long as it is broad: models make the shorter side 256 pixels."""
TURNED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda it: it[:, ::-1], 3: lambda it: it[::-1, ::-1], 4: lambda it: it[::-1],
    5: lambda it: it.swapaxes(0, 1), 6: lambda it: it.swapaxes(0, 1)[:, ::-1],
    7: lambda it: it[::-1, ::-1].swapaxes(0, 1), 8: lambda it: it.swapaxes(0, 1)[::-1]}
"""By the number of an orientation (EXIF 2.32, tag 0x0112), what turns the pixels upright."""
STRIP = 1 << 20
"""Pixels that are turned into RGB at once: a large picture is in memory once as decoded and once as
RGB, and not four times."""
PLAIN = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")
"""Modes of 8 bits or fewer a channel."""
QUALITY = 75
SIDES, MOST_SHOWN = (96, 72, 56, 40, 24, 12), 3_000
"""Pixels a side, one after another, of a picture in a page, until it has so few bytes."""
TEXT_CHUNK = "MAX_TEXT_"
"""What Pillow says of a PNG whose texts it does not unpack."""
SAVE = "Save it as a JPEG or PNG of one picture."


def decode(data: bytes, name: str, most_pixels: int = MOST_PIXELS) -> np.ndarray:
    """The pixels, [height, width, 3] uint8. `name` stands in errors; its suffix, where it is a
    picture's, has to be that of the content.

    Raises HarnessError for what is empty, truncated or no picture, of another format than its name
    says, of several frames or pages, and, before it is decoded, of more pixels than `most_pixels`.
    """
    if not 0 < len(data) <= MOST_BYTES:
        raise HarnessError(f"{name}: is empty" if not data else
                           f"{name}: has {len(data):,} bytes, more than {MOST_BYTES:,}",
                           "Give a picture, or leave it out.")
    _hush()
    try:
        with Image.open(io.BytesIO(data), formats=[*SUFFIXES]) as image:
            _check(image, name, most_pixels)
            return upright(image, name)
    except HarnessError:
        raise
    except Image.DecompressionBombError:
        raise _too_large(name, most_pixels) from None
    except UnidentifiedImageError:
        raise HarnessError(f"{name}: is no picture of a kind that is read ({', '.join(SUFFIXES)})",
                           SAVE) from None
    except Exception as error:  # whatever a stranger's bytes make a decoder raise
        words = " ".join(str(error).split())[:150] or type(error).__name__
        if TEXT_CHUNK in words:
            raise HarnessError(f"{name}: holds a text of more than a million letters beside the "
                               "picture", "Save it again without texts.") from None
        raise HarnessError(f"{name}: is damaged: {words}", "Copy it again, or leave it out."
                           ) from None


def upright(image: Image.Image, name: str) -> np.ndarray:
    """An opened picture as `decode` has it. Raises HarnessError for values of no one meaning."""
    image.load()
    return _upright(_rgb(image, name), _orientation(image))


@cache
def _hush() -> None:
    """Pillow warns of oddities without the file's name, once a process: what matters is an error.
    A filter for a block alone is not safe among threads."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _check(image: Image.Image, name: str, most_pixels: int) -> None:
    """By its header alone."""
    width, height = image.size
    if width * height > most_pixels:
        raise _too_large(name, most_pixels, f" ({width:,} × {height:,})")
    if min(width, height) < 1 or max(width, height) > MOST_ASPECT * min(width, height):
        raise HarnessError(f"{name}: is {width:,} × {height:,} pixels, a strip and not a picture",
                           f"Cut it: at most {MOST_ASPECT} times as long as broad.")
    # A JPEG of several pictures (MPO) is one, with its preview or its depth.
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    if kind != "JPEG" and getattr(image, "is_animated", False):
        raise HarnessError(f"{name}: has several frames or pages, and an item is one picture",
                           "Save the frames that count as files of their own.")
    suffix = PurePath(name).suffix.lower()
    if suffix in ENDINGS and suffix not in SUFFIXES[kind]:
        raise HarnessError(f"{name}: is {kind}, not what its name says",
                           f"Rename it: {kind} ends in {SUFFIXES[kind][0]}.")


def _too_large(name: str, most_pixels: int, size: str = "") -> HarnessError:
    return HarnessError(f"{name}: describes more than {most_pixels:,} pixels{size}",
                        "Make it smaller: models read a few hundred a side.")


def _orientation(image: Image.Image) -> int:
    """1, as it lies, where EXIF says nothing or is damaged: the pixels are sound all the same. A
    TIFF is turned as it is loaded, and says so."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # whatever a stranger's bytes make a parser raise
        return 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    turn = TURNED.get(orientation)
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))


def _rgb(image: Image.Image, name: str) -> np.ndarray:
    """[height, width, 3] uint8. Raises HarnessError for values that have no one meaning."""
    width, height = image.size
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        below = min(height, top + rows)
        pixels[top:below] = _strip(image.crop((0, top, width, below)), name)
    return pixels


def _strip(image: Image.Image, name: str) -> np.ndarray:
    """[height, width, 3] uint8, or [height, width, 1] of grey."""
    if image.mode not in PLAIN:
        return _eight_bits(image, name)[:, :, None]
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        image = white
    return np.asarray(image.convert("RGB"))


def _eight_bits(image: Image.Image, name: str) -> np.ndarray:
    """Grey of more than 8 bits as [height, width] uint8."""
    values = np.asarray(image)
    if image.mode == "F":
        if not (values >= 0).all() or not (values <= 1).all():
            raise HarnessError(f"{name}: has floats beyond 0 to 1, and which of them is white is "
                               "not known", "Save it with 8 bits, or scaled to 0 to 1.")
        return np.rint(values * np.float32(255)).astype(np.uint8)
    if image.mode != "I" and not image.mode.startswith("I;16"):
        raise HarnessError(f"{name}: is in a colour space that is not read ({image.mode})", SAVE)
    if not (values >= 0).all() or not (values < 1 << 16).all():
        raise HarnessError(f"{name}: has whole numbers beyond 16 bits, and which of them is white "
                           "is not known", "Save it with 8 or 16 bits.")
    grey = (values >> 8).astype(np.uint8)
    return np.where(values == image.info.get("transparency", -1), np.uint8(255), grey)


def identity(pixels: np.ndarray) -> str:
    """Hex sha256 over the shape and the pixels, [height, width, 3] uint8: the same picture in two
    lossless formats is one item."""
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def thumbnail(pixels: np.ndarray, side: int) -> bytes:
    """A WebP of at most `side` pixels a side, for pages; smaller pictures keep their size."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=QUALITY, method=4)
    return stream.getvalue()


def small_picture(pixels: np.ndarray) -> bytes:
    """A thumbnail of at most `MOST_SHOWN` bytes."""
    made = (thumbnail(pixels, side) for side in SIDES)
    return next((one for one in made if len(one) <= MOST_SHOWN), thumbnail(pixels, SIDES[-1]))


def data_uri(pixels: np.ndarray) -> str:
    """A small picture as what stands in a page."""
    return f"data:image/webp;base64,{base64.b64encode(small_picture(pixels)).decode()}"
