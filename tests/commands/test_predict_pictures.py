"""`harness predict` and a loaded model where items are pictures: a row for each, in order."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from command_line import harness, refused
from pictured import CLASSES, picture
from PIL import Image

from harness.api import gates as api
from harness.common.errors import HarnessError


@pytest.fixture
def there(gallery):
    return {"suites": gallery.folder, "runs": gallery.runs}


@pytest.fixture
def said(there):
    return [word for name, value in there.items() for word in (f"--{name}", value)]


@pytest.fixture
def run_id(gallery):
    return gallery.run_id("full", "tiny")


@pytest.fixture
def unseen(tmp_path):
    """Pictures in and below a folder, without classes, a file that is none among them."""
    folder = tmp_path / "new"
    (folder / "b").mkdir(parents=True)
    for name, label, number in (("c.png", "lines", 50), ("a.png", "spots", 51),
                                ("b/d.png", "plain", 52)):
        Image.fromarray(picture(label, number)).save(folder / name)
    (folder / "b" / "broken.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("none")
    return folder


def test_a_kept_run_answers_its_test_pictures_as_before(gallery, there, run_id):
    kept = gallery.store.predictions(run_id).to_pandas()
    names = {e.id: e.picture.name for e in gallery.plan.task.splits.test}
    paths = [gallery.folder / "pictures" / names[item] for item in kept["item"]]
    found = api.predict(run_id, paths, suite="scans", **there).to_pandas()
    assert found["item"].tolist() == kept["item"].tolist()
    columns = [f"p:{label}" for label in CLASSES]
    np.testing.assert_allclose(found[columns], kept[columns], atol=1e-6)
    model = api.load(run_id, suite="scans", **there)
    np.testing.assert_array_equal(model.predict(paths), found["prediction"])


def test_every_picture_of_a_folder_is_a_row(run_id, unseen, said, tmp_path):
    out = tmp_path / "out.parquet"
    done = harness("predict", run_id, "--suite", "scans", "--input", unseen, "--output", out, *said)
    assert done.code == 0, done.all
    assert "4 rows" in done.out
    assert "1 rows have no answer (row 1 is the first)" in done.out
    assert "row 1: b/broken.jpg: is no picture" in done.out
    found = pq.read_table(out).to_pandas()
    assert found["file"].tolist() == ["a.png", "b/broken.jpg", "b/d.png", "c.png"]
    assert found["row"].tolist() == [0, 1, 2, 3]
    assert found["prediction"].isna().tolist() == [False, True, False, False]
    assert found["p:lines"].isna().tolist() == [False, True, False, False]
    assert found["item"].isna().tolist() == [False, True, False, False]
    assert found["fault"].notna().tolist() == [False, True, False, False]


def test_parts_of_many_pictures_are_one_table(run_id, there, monkeypatch, unseen):
    whole = api.predict(run_id, unseen, suite="scans", **there).to_pandas()
    monkeypatch.setitem(api_rows(), "image", 1)  # a part of nothing but the broken one among them
    pd.testing.assert_frame_equal(api.predict(run_id, unseen, suite="scans", **there).to_pandas(),
                                  whole, check_exact=False, atol=1e-6)


def api_rows():
    from harness.commands.predict import TOGETHER

    return TOGETHER


def test_a_table_of_paths_or_bytes(run_id, there, unseen):
    paths = ["c.png", "gone.png", "b/d.png", "../c.png"]
    pd.DataFrame({"file": paths}).to_csv(unseen / "t.csv", index=False)
    found = api.predict(run_id, unseen / "t.csv", suite="scans", image="file", **there).to_pandas()
    assert found["file"].tolist() == paths
    assert found["prediction"].isna().tolist() == [False, True, False, True]
    assert "t.csv row 2: gone.png: there is no such file" in found["fault"][1]
    assert "leads out of the table's folder" in found["fault"][3]
    pd.DataFrame({"shot": [(unseen / name).read_bytes() for name in ("c.png", "b/d.png")]}
                 ).to_parquet(unseen / "t.parquet")
    held = api.predict(run_id, unseen / "t.parquet", suite="scans", image="shot", **there)
    assert held.to_pandas()["p:lines"].tolist() == found["p:lines"][[0, 2]].tolist()
    framed = api.predict(run_id, pd.DataFrame({"f": [unseen / "c.png"]}), suite="scans", image="f",
                         **there)
    assert framed.to_pandas()["item"].tolist() == [found["item"][0]]


def test_a_model_takes_pictures_in_every_form(run_id, there, unseen):
    model = api.load(run_id, suite="scans", **there)
    path = unseen / "c.png"
    pixels = np.asarray(Image.open(path))
    forms = [path, str(path), path.read_bytes(), Image.open(path), pixels]
    found = model.predict_proba(forms)
    assert found.shape == (5, 3)
    np.testing.assert_allclose(found, np.tile(found[0], (5, 1)), atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    grey = model.predict_proba([pixels[..., 0], Image.fromarray(pixels[..., 0])])
    np.testing.assert_array_equal(grey[0], grey[1])
    assert model.predict_proba([]).shape == (0, 3)


@pytest.mark.parametrize(("given", "words"), [
    ([np.zeros((4, 4, 3))], "picture 0: is an array [4, 4, 3] of float64"),
    ([np.zeros((3, 4, 4), np.uint8)], "picture 0: is an array [3, 4, 4] of uint8"),
    ([3], "picture 0: is a int and no picture"), ([b"x"], "picture 0: is no picture of a kind"),
    (["gone.png"], "gone.png: there is no such file"), ("gone.png", "a single picture was given")])
def test_what_is_no_picture_is_said(run_id, there, given, words):
    model = api.load(run_id, suite="scans", **there)
    with pytest.raises(HarnessError) as error:
        model.predict(given)
    assert words in error.value.found


def test_a_file_that_changes_while_it_is_read_has_no_answer(unseen):
    from harness.commands.asked_rows import picture_items

    item, = picture_items([unseen / "c.png"])
    Image.fromarray(picture("plain", 70)).save(unseen / "c.png")
    with pytest.raises(HarnessError, match="changed while it was read"):
        item.picture.pixels()


def test_columns_of_other_items_are_refused(run_id, said, unseen, tmp_path):
    asked = ("predict", run_id, "--suite", "scans", "--output", tmp_path / "o.parquet", *said)
    refused(harness(*asked, "--input", unseen, "--text", "x"), "--text: the items of scans")
    refused(harness(*asked, "--input", tmp_path / "gone"), "there is no such file or folder")
    (tmp_path / "empty").mkdir()
    refused(harness(*asked, "--input", tmp_path / "empty"), "holds no pictures")
    (unseen / "t.csv").write_text("a,b\n1,2\n")
    refused(harness(*asked, "--input", unseen / "t.csv"), "no column 'picture'")
