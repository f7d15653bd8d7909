"""Pictures of every kind that is read, and of those that have to be refused."""

import io
import struct
import subprocess
import sys
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps, PngImagePlugin

from harness.common.errors import HarnessError
from harness.inputs import pictures
from harness.inputs.picture_files import SUFFIXES
from harness.inputs.pictures import MOST_ASPECT, TURNED, decode, identity, thumbnail

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (24, 16, 3), dtype=np.uint8)


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def coloured(size=(16, 24), colour=(10, 120, 230), mode="RGB"):
    return Image.new(mode, size, colour)


@pytest.mark.parametrize(("kind", "suffix"), [
    ("PNG", "png"), ("BMP", "bmp"), ("TIFF", "tif"), ("PPM", "ppm"), ("WEBP", "webp")])
def test_lossless_formats_give_the_same_pixels_and_one_identity(kind, suffix):
    options = {"lossless": True} if kind == "WEBP" else {}
    pixels = decode(saved(Image.fromarray(NOISE), kind, **options), f"a.{suffix}")
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, NOISE)
    assert identity(pixels) == identity(NOISE)


def test_identity_tells_shapes_and_pixels_apart():
    other = NOISE.copy()
    other[3, 4, 1] ^= 1
    assert len({identity(NOISE), identity(other), identity(NOISE.reshape(16, 24, 3))}) == 3
    assert identity(NOISE[:, ::-1][:, ::-1]) == identity(NOISE)


def test_jpeg_is_close_and_a_name_without_suffix_claims_nothing():
    smooth = np.asarray(Image.fromarray(NOISE[:3, :2]).resize((32, 48), Image.Resampling.BICUBIC))
    for name in ("a.JPG", "a.jpeg", "12", "picture of row 3", "a.dat"):
        pixels = decode(saved(Image.fromarray(smooth), "JPEG", quality=95), name)
        assert np.abs(pixels.astype(int) - smooth).mean() < 6


@pytest.mark.parametrize("orientation", [1, *TURNED])
def test_exif_turns_the_picture_upright(orientation):
    """A 2 × 3 picture: where each orientation's first row and first column lie (EXIF 2.32)."""
    upright = NOISE[:3, :2]
    stored = {1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
              5: upright.transpose(1, 0, 2), 6: upright.transpose(1, 0, 2)[::-1],
              7: upright[::-1, ::-1].transpose(1, 0, 2), 8: upright.transpose(1, 0, 2)[:, ::-1]}
    image = Image.fromarray(np.ascontiguousarray(stored[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind, suffix in (("PNG", "png"), ("TIFF", "tif")):
        data = saved(image, kind, exif=exif)
        np.testing.assert_array_equal(decode(data, f"a.{suffix}"), upright)
        turned = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        np.testing.assert_array_equal(np.asarray(turned), upright)


def test_broken_exif_leaves_the_picture_as_it_lies():
    for junk in (b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + b"\xff" * 40, b"Exif\0\0",
                 b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x02up\0\0"):
        pixels = decode(saved(coloured(), "JPEG", exif=junk), "a.jpg")
        assert pixels.shape == (24, 16, 3)


def test_pillow_s_words_stand_on_no_terminal(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(saved(coloured(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff"))
    with pytest.warns(UserWarning, match="Corrupt EXIF"):
        Image.open(path).getexif()
    said = subprocess.run([sys.executable, "-c", "import sys; from harness.inputs.pictures import "
                           "decode; decode(open(sys.argv[1], 'rb').read(), 'a.jpg')", path],
                          capture_output=True, text=True, check=True)
    assert said.stderr == said.stdout == ""


def test_grey_palette_and_one_bit_become_rgb():
    grey = NOISE[:, :, 0]
    np.testing.assert_array_equal(decode(saved(Image.fromarray(grey), "PNG"), "a.png"),
                                  np.stack([grey] * 3, axis=2))
    bits = Image.fromarray(grey > 127)
    assert set(np.unique(decode(saved(bits, "PNG"), "a.png"))) == {0, 255}
    few = Image.fromarray(NOISE).quantize(8)
    for kind in ("PNG", "GIF"):
        np.testing.assert_array_equal(decode(saved(few, kind), f"a.{kind.lower()}"),
                                      np.asarray(few.convert("RGB")))


def test_transparency_lies_on_white():
    """Red of alpha 51, a fifth: 255 red, and four fifths of white in green and blue, 204."""
    rgba = coloured(colour=(255, 0, 0, 51), mode="RGBA")
    for kind, suffix, options in (("PNG", "png", {}), ("WEBP", "webp", {"lossless": True}),
                                  ("TIFF", "tif", {})):
        assert decode(saved(rgba, kind, **options), f"a.{suffix}")[5, 5].tolist() == [255, 204, 204]
    grey = coloured(colour=(0, 51), mode="LA")
    assert decode(saved(grey, "PNG"), "a.png")[0, 0].tolist() == [204] * 3
    keyed = Image.fromarray(np.array([[0, 1]], dtype=np.uint8), "P")
    keyed.putpalette([200, 0, 0, 0, 0, 200])
    for kind in ("PNG", "GIF"):
        found = decode(saved(keyed, kind, transparency=1), f"a.{kind.lower()}")
        assert found.tolist() == [[[200, 0, 0], [255, 255, 255]]]
    hidden = saved(coloured((2, 2), (9, 9, 9)), "PNG", transparency=(9, 9, 9))
    assert (decode(hidden, "a.png") == 255).all()


def test_of_sixteen_bits_the_high_eight_are_taken():
    values = np.array([[0, 255, 256], [32767, 32768, 65535]], dtype=np.uint16)
    high = values >> 8
    for kind, suffix in (("PNG", "png"), ("TIFF", "tif")):
        found = decode(saved(Image.fromarray(values), kind), f"a.{suffix}")
        np.testing.assert_array_equal(found, np.stack([high] * 3, axis=2))
    swapped = b"P5 3 2 65535\n" + values.astype(">u2").tobytes()
    np.testing.assert_array_equal(decode(swapped, "a.pgm")[:, :, 0], high)


def test_colour_of_sixteen_bits_is_read_like_grey():
    values = RNG.integers(0, 1 << 16, (3, 2, 3)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    data = png((2, 3), depth=16, colours=2, content=zlib.compress(rows))
    np.testing.assert_array_equal(decode(data, "a.png"), values >> 8)


def test_floats_run_from_black_to_white_and_others_are_refused():
    values = np.array([[0.0, 0.5, 1.0]], dtype=np.float32)
    found = decode(saved(Image.fromarray(values), "TIFF"), "a.tif")
    assert found[0, :, 0].tolist() == [0, 128, 255]
    for wrong in (1.01, -0.1, np.nan, np.inf, 200):
        values[0, 1] = wrong
        with pytest.raises(HarnessError, match=r"a\.tif: has floats beyond 0 to 1"):
            decode(saved(Image.fromarray(values), "TIFF"), "a.tif")
    whole = Image.fromarray(np.array([[70_000]], dtype=np.int32))
    with pytest.raises(HarnessError, match="beyond 16 bits"):
        decode(saved(whole, "TIFF"), "a.tif")


def test_cmyk_and_ycbcr_are_turned_into_rgb():
    """Full cyan of a fifth of black: no red, and what black leaves of green and blue."""
    cmyk = coloured(colour=(255, 0, 0, 51), mode="CMYK")
    assert decode(saved(cmyk, "TIFF"), "a.tif")[0, 0].tolist() == [0, 204, 204]
    assert np.abs(decode(saved(cmyk, "JPEG", quality=100), "a.jpg")[0, 0].astype(int)
                  - [0, 204, 204]).max() <= 3
    assert decode(saved(coloured().convert("YCbCr"), "TIFF"), "a.tif").shape == (24, 16, 3)
    with pytest.raises(HarnessError, match="colour space"):
        decode(saved(coloured(colour=(50, 0, 0), mode="LAB"), "TIFF"), "a.tif")


def test_of_a_photo_with_its_preview_the_photo_is_taken():
    photo, preview = coloured((40, 30)), coloured((8, 6), (0, 0, 0))
    data = saved(photo, "MPO", save_all=True, append_images=[preview])
    pixels = decode(data, "a.jpg")
    assert pixels.shape == (30, 40, 3)
    assert np.abs(pixels.astype(int) - [10, 120, 230]).max() <= 3


def test_large_pictures_are_read_in_strips_without_seams(monkeypatch):
    rgba = Image.fromarray(RNG.integers(0, 256, (31, 17, 4), dtype=np.uint8), "RGBA")
    deep = Image.fromarray(RNG.integers(0, 1 << 16, (31, 17), dtype=np.uint16))
    files = [saved(rgba, "PNG"), saved(rgba.convert("RGB").quantize(9), "GIF", transparency=3),
             saved(deep, "PNG"), saved(rgba.convert("CMYK"), "TIFF")]
    whole = [decode(data, "") for data in files]
    monkeypatch.setattr(pictures, "STRIP", 60)
    for data, expected in zip(files, whole, strict=True):
        np.testing.assert_array_equal(decode(data, ""), expected)


def test_one_pixel_is_a_picture():
    assert decode(saved(coloured((1, 1)), "PNG"), "a.png").tolist() == [[[10, 120, 230]]]


def png(size, depth=8, colours=2, content=b""):
    """A PNG by hand: its header says what it likes."""
    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body
                + struct.pack(">I", zlib.crc32(kind + body)))

    header = struct.pack(">IIBBBBB", *size, depth, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND",
                                                                                       b"")


def animated(kind, **options):
    frames = [coloured(colour=(40 * n, 0, 0)) for n in range(3)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)


WHOLE = saved(Image.fromarray(np.tile(NOISE, (8, 8, 1))), "JPEG")
REFUSED = {
    "empty": (b"", "a.jpg", "is empty"),
    "text": (b"hello, world\n" * 50, "a.jpg", "is no picture"),
    "another format": (saved(coloured(), "PNG"), "a.jpg", "is PNG, not what its name says"),
    "a jpeg called tif": (WHOLE, "b/a.TIFF", "is JPEG, not what its name says"),
    "no pixels read": (b"\x89PNG\r\n\x1a\n", "a.png", "is no picture"),
    "truncated jpeg": (WHOLE[: len(WHOLE) // 2], "a.jpg", "is damaged"),
    "truncated png": (saved(Image.fromarray(NOISE), "PNG")[:-300], "a.png", "is damaged"),
    "truncated bmp": (saved(Image.fromarray(NOISE), "BMP")[:-300], "a.bmp", "is damaged"),
    "truncated webp": (saved(Image.fromarray(NOISE), "WEBP")[:-100], "a.webp",
                       "is damaged|is no picture"),
    "gif of frames": (animated("GIF"), "a.gif", "has several frames"),
    "png of frames": (animated("PNG"), "a.png", "has several frames"),
    "webp of frames": (animated("WEBP"), "a.webp", "has several frames"),
    "tiff of pages": (animated("TIFF"), "a.tif", "has several frames or pages"),
    "strip": (saved(coloured((MOST_ASPECT + 1, 1)), "PNG"), "a.png", "a strip"),
    "vector": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a.eps", "is no picture"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "is no picture"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_an_item_is_refused_by_name(case):
    data, name, words = REFUSED[case]
    with pytest.raises(HarnessError, match=words) as caught:
        decode(data, name)
    assert caught.value.found.startswith(f"{name}: ")
    assert caught.value.fix


@pytest.mark.parametrize("size", [(30_000, 30_000), (11_000, 11_000), (7_072, 7_072)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_bomb_is_refused_before_it_is_decoded(size, monkeypatch):
    def decoded(self):
        raise AssertionError("was decoded")

    for kind in (ImageFile.ImageFile, PngImagePlugin.PngImageFile):
        monkeypatch.setattr(kind, "load", decoded)
    for name in ("a.png", "a.jpg"):
        with pytest.raises(HarnessError, match=f"{name}: describes more than 50,000,000 pixels"):
            decode(png(size), name)


def test_the_bound_is_the_number_of_pixels():
    data = saved(coloured((20, 5)), "PNG")
    assert decode(data, "a.png", most_pixels=100).shape == (5, 20, 3)
    with pytest.raises(HarnessError, match=r"more than 99 pixels \(20 × 5\)"):
        decode(data, "a.png", most_pixels=99)


@pytest.mark.parametrize("kind", SUFFIXES)
def test_damage_anywhere_is_an_error_or_a_picture(kind):
    """Bytes of a file replaced, one at a time: never another kind of error."""
    sound = saved(Image.fromarray(NOISE), kind)
    suffix = SUFFIXES[kind][0]
    for place in range(0, len(sound), max(1, len(sound) // 60)):
        for value in (0, 255):
            data = sound[:place] + bytes([value]) + sound[place + 1:]
            with suppress(HarnessError):
                pixels = decode(data, f"a{suffix}", most_pixels=100_000)
                assert pixels.dtype == np.uint8
                assert pixels.shape[2] == 3


def test_a_thumbnail_is_small_and_never_larger_than_the_picture():
    for size in ((1200, 800), (16, 24), (1, 1), (99, 1)):
        noise = RNG.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        data = thumbnail(noise, 96)
        found = decode(data, "a.webp")
        assert max(found.shape[:2]) == min(96, max(size))
        assert len(data) < 96 * 96
