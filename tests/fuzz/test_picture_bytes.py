"""Files that may be pictures, and tables that name them: pixels, or an error of ours."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from strategies import any_json, any_text, damaged_bytes, fuzzed, ours

from harness.inputs.picture_files import SUFFIXES
from harness.inputs.pictures import decode, identity, thumbnail
from harness.tasks.readers.picture_tables import PictureTableOptions, read_picture_table

NOISE = np.random.default_rng(0).integers(0, 256, (9, 7, 4), dtype=np.uint8)
MODES = {"BMP": "RGB", "GIF": "P", "JPEG": "CMYK", "PNG": "RGBA", "PPM": "L", "TIFF": "RGBA",
         "WEBP": "RGBA"}
TOKENS = (b"\xff\xd8\xff", b"\xff\xd9", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"RIFF", b"WEBP",
          b"GIF89a", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"Exif\0\0", b"acTL",
          b"BM", b"P5 9 9 255\n", b"%!PS")
MOST = 100_000
OPTIONS = PictureTableOptions(picture="file", label="class")


def saved(kind: str) -> bytes:
    """A small picture with EXIF, in the mode that takes most of a format's decoder."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    image = Image.fromarray(NOISE, "RGBA" if MODES[kind] == "RGBA" else "CMYK").convert(MODES[kind])
    image.save(stream, kind, **({} if kind in ("GIF", "PPM", "BMP") else {"exif": exif}))
    return stream.getvalue()


VALID = {kind: saved(kind) for kind in SUFFIXES}


@pytest.mark.parametrize("kind", SUFFIXES)
@pytest.mark.filterwarnings("ignore")
@fuzzed
@given(data=st.data())
def test_any_bytes_are_pixels_or_an_error(kind, data):
    assert decode(VALID[kind], f"a{SUFFIXES[kind][0]}").shape[2] == 3
    found = ours(decode, data.draw(damaged_bytes(VALID[kind], tokens=TOKENS)),
                 data.draw(any_text), MOST)
    if found is not None:
        height, width, channels = found.shape
        assert (found.dtype, channels) == (np.uint8, 3)
        assert 0 < height * width <= MOST
        assert len(identity(found)) == 64
        assert len(thumbnail(found, 32)) < 3_000


@fuzzed
@given(cell=st.one_of(any_text, any_json))
def test_a_cell_of_a_table_leads_nowhere_else(cell, folder: Path):
    (folder / "inside").mkdir(exist_ok=True)
    (folder / "a").write_bytes(b"outside")
    path = folder / "inside" / "rows.jsonl"
    path.write_text(json.dumps({"file": cell, "class": "x"}))
    rows = ours(lambda: list(read_picture_table(path, OPTIONS)))
    assert rows is None or all(row.picture != b"outside" for row in rows)


@fuzzed
@given(data=st.data())
def test_damaged_parquet_of_pictures_is_rows_or_an_error(data, folder: Path):
    cells = pa.array([{"bytes": VALID["PNG"], "path": "a.png"}, None])
    stream = io.BytesIO()
    pq.write_table(pa.table({"file": cells, "class": ["x", "y"]}), stream)
    path = folder / "rows.parquet"
    path.write_bytes(data.draw(damaged_bytes(stream.getvalue(), tokens=(b"PAR1",))))
    rows = ours(lambda: list(read_picture_table(path, OPTIONS)))
    assert rows is None or all(isinstance(row.picture, bytes) for row in rows)
