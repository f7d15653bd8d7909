"""From a user's own pictures to a suite, and a corpus of what is wrong with some."""

import io
import shutil

import numpy as np
import pandas as pd
import pytest
from command_line import harness, refused
from pictured import CLASSES, picture, write_pictures
from PIL import Image
from rich.console import Console

from harness.api import studies as api
from harness.common.errors import HarnessError
from harness.suite import load_suite
from harness.tasks.task import load_task


@pytest.fixture
def scans(tmp_path):
    return write_pictures(tmp_path / "data" / "scans", 8)


def begun(tmp_path, **said):
    """The new suite's task, its text, and what is said of it."""
    found = api.init(name="scans", suites=tmp_path / "suites", **said)
    stream = io.StringIO()
    found.print_on(Console(file=stream, width=250))
    loaded = load_suite(found.path)
    return load_task(loaded), loaded.suite, stream.getvalue()


def tabled(scans, **columns):
    """A table of them, a patient for two pictures of a class."""
    return pd.DataFrame([{"path": path.relative_to(scans.parent).as_posix(),
                          "finding": path.parent.name, "patient": f"{int(path.stem) // 2}"}
                         for path in sorted(scans.rglob("*.png"))]).assign(**columns)


def test_a_folder_a_class(tmp_path, scans):
    task, suite, said = begun(tmp_path, images=scans)
    assert dict.fromkeys(CLASSES, task.facts.kept // 3) == dict.fromkeys(task.labels, 8)
    assert (suite.task.input, suite.task.unreadable) == ("image", "error")
    assert "24 rows: 24 kept" in said
    assert "pictures: all 40 × 40 pixels" in said
    assert "no near-duplicates among the 24 pictures" in said
    assert "every picture its own" in said
    methods = {name for one in suite.backbones.values() for name in map(str, one.methods)}
    assert all(any(name in method for method in methods)
               for name in ("knn", "features", "full", "selective", "lora"))
    for profile in ("smoke", "quick", "standard"):
        load_suite(tmp_path / "suites" / "scans.yaml", profile)


def test_a_group_is_found_in_the_path(tmp_path, scans):
    task, _, said = begun(tmp_path, images=scans, group="/00([0-9])")
    assert task.facts.groups == 8
    assert "groups: 8\n" in said


def test_a_table_of_paths_and_one_of_bytes_are_one_task(tmp_path, scans):
    frame = tabled(scans)
    frame.to_csv(scans.parent / "t.csv", index=False)
    named, _, _ = begun(tmp_path / "a", data=scans.parent / "t.csv", image="path", label="finding",
                        group="patient")
    held = frame.assign(path=[(scans.parent / path).read_bytes() for path in frame["path"]])
    bytes_, _, _ = begun(tmp_path / "b", data=held, image="path", label="finding", group="patient")
    assert named.splits.sha256 == bytes_.splits.sha256
    assert named.facts.groups == 4


def test_a_picture_that_a_table_names_is_read_again_where_it_changed(tmp_path, scans):
    tabled(scans).to_csv(scans.parent / "t.csv", index=False)
    said = {"data": scans.parent / "t.csv", "image": "path", "label": "finding"}
    before, _, _ = begun(tmp_path, **said)
    Image.fromarray(picture("lines", 77)).save(scans / "lines" / "000.png")
    after, _, _ = begun(tmp_path, **said)
    assert before.splits.content_sha256 != after.splits.content_sha256
    shown = {e.picture.name: e.picture.pixels() for part in
             (after.splits.train, after.splits.validation, after.splits.test) for e in part}
    found, = (pixels for name, pixels in shown.items() if name.endswith("lines/000.png"))
    np.testing.assert_array_equal(found, picture("lines", 77))


def test_numbers_to_answer_with_and_several_classes(tmp_path, scans):
    frame = tabled(scans, size=np.arange(24) / 2,
                   has=["a; b", "b", "a", "a;c", "c", "b;a"] * 4)
    frame.to_csv(scans.parent / "t.csv", index=False)
    task, suite, said = begun(tmp_path / "a", data=scans.parent / "t.csv", image="path",
                              label="size", numbers=True)
    assert (task.kind, suite.decide.metric) == ("regression", "r2")
    assert "labels are numbers: 0 to 11.5" in said
    task, suite, said = begun(tmp_path / "b", data=scans.parent / "t.csv", image="path",
                              label="has", separator=";")
    assert (task.kind, set(task.labels)) == ("multilabel", {"a", "b", "c"})


def test_folders_of_splits_are_taken_as_given(tmp_path):
    for number, split in enumerate(("train", "val", "test")):
        for label in CLASSES:
            place = tmp_path / "data" / split / label
            place.mkdir(parents=True)
            for i in range(4):
                Image.fromarray(picture(label, 4 * number + i)).save(place / f"{i}.png")
    task, _, said = begun(tmp_path, images=tmp_path / "data")
    assert set(task.labels) == set(CLASSES)
    assert [len(part) for part in (task.splits.train, task.splits.validation, task.splits.test)
            ] == [12, 12, 12]
    shutil.rmtree(tmp_path / "data" / "test")
    task, _, said = begun(tmp_path / "again", images=tmp_path / "data")
    assert len(task.splits.test) == 12
    assert "12 test (as given)" in said


def test_sizes_that_differ_are_said(tmp_path, scans):
    Image.fromarray(picture("lines", 99)).resize((400, 20)).save(scans / "lines" / "wide.png")
    assert "pictures: sides of 20 to 400 pixels, the shorter 40 in the median; 96% are 40 × 40" in (
        begun(tmp_path, images=scans)[2])


def test_files_that_are_no_pictures_are_named_or_left_out(tmp_path, scans):
    (scans / "lines" / "bad.png").write_bytes(b"no picture")
    (scans / "spots" / "cut.png").write_bytes((scans / "spots" / "000.png").read_bytes()[:99])
    with pytest.raises(HarnessError) as error:
        begun(tmp_path, images=scans)
    assert error.value.found.startswith("lines/bad.png: is no picture")
    assert "(and 1 more files)" in error.value.found
    assert "--unreadable drop" in error.value.fix
    assert not (tmp_path / "suites" / "scans.yaml").exists()
    task, suite, said = begun(tmp_path, images=scans, unreadable="drop")
    assert suite.task.unreadable == "drop"
    assert (task.facts.kept, task.facts.empty) == (24, 2)
    assert "2 without picture" in said
    assert "left out: lines/bad.png: is no picture" in said
    assert "left out: spots/cut.png: is damaged" in said


def flat(scans):
    Image.fromarray(picture("lines", 1)).save(scans / "loose.png")


def one_class(scans):
    shutil.rmtree(scans / "lines"), shutil.rmtree(scans / "spots")


MESSES = {
    "a picture in no folder": (flat, {}, "lies in no class's folder", "with the class's name"),
    "one class": (one_class, {}, "all items have the class 'plain'", "two classes"),
    "no pictures": (lambda s: [p.unlink() for p in s.rglob("*.png")], {}, "no pictures",
                    "class's name"),
    "two pictures of a class": (lambda s: [p.unlink() for p in (s / "spots").glob("*[2-7].png")],
                                {}, "too few items of the class 'spots' (2)", "Each needs 3"),
    "a label": (None, {"label": "x"}, "--label with --images", "--image COLUMN"),
    "a text": (None, {"text": "x"}, "--text: is of texts", "Leave --text out"),
    "a column": (None, {"image": "x"}, "a folder has no columns", "leave --image out"),
    "no expression": (None, {"group": "(["}, "is no regular expression", "Mend it"),
    "no such group": (None, {"group": "patient-([0-9]+)"}, "its path has no", "Mend"),
}


@pytest.mark.parametrize("mess", MESSES)
def test_what_cannot_be_a_study_is_said_in_two_lines(tmp_path, scans, mess):
    spoil, said, found, fix = MESSES[mess]
    if spoil is not None:
        spoil(scans)
    with pytest.raises(HarnessError) as error:
        begun(tmp_path, images=scans, **said)
    assert found in error.value.found
    assert fix in error.value.fix
    assert "\n" not in error.value.found


def test_data_is_said_once():
    with pytest.raises(HarnessError, match="must be said once"):
        api.init()
    with pytest.raises(HarnessError, match="must be said once"):
        api.init("a.csv", images="b")


def test_at_the_command_line(tmp_path, scans):
    said = harness("init", "scans", "--images", scans, "--suites", tmp_path / "suites")
    assert (said.code, "next: make suite TASK=scans" in said.out) == (0, True)
    frame = tabled(scans)
    frame.loc[3, "path"] = "../elsewhere.png"
    frame.to_csv(scans.parent / "t.csv", index=False)
    there = ("--data", scans.parent / "t.csv", "--suites", tmp_path / "suites")
    refused(harness("init", "other", "--image", "path", "--label", "finding", *there),
            "t.csv row 4: ../elsewhere.png: leads out of the table's folder")
    refused(harness("init", "other", "--image", "path", *there), "which column holds the class?")
    refused(harness("init", "other", "--text", "path", "--label", "finding", "--unreadable", "drop",
                    *there), "--unreadable: is of pictures")
