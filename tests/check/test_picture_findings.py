"""What the checks find in pictures."""

import shutil

import numpy as np
import yaml
from command_line import harness
from pictured import CLASSES, picture, suite_of_pictures, write_pictures
from PIL import Image

from harness.check.picture_sizes import check_sizes
from harness.inputs.picture import Picture
from harness.tasks.examples import Example


def sized(*sizes):
    return [Example(f"{i:016x}", "", None, 0, "g", {}, picture=Picture(
        f"{i:064x}", 0, f"{i}.png", width, height, "none")) for i, (width, height) in
        enumerate(sizes)]


def test_pictures_far_smaller_than_what_is_seen_are_named():
    items = sized(*[(100, 300)] * 3, *[(112, 112)] * 10)
    found, = check_sizes(items, {"small": (224, 224), "tiny": (32, 32)})
    assert (found.check, found.severity, found.count) == ("sizes", "warning", 3)
    assert "3 of 13 pictures (23%)" in found.found
    assert "224 × 224 pixels that small sees" in found.found
    assert found.examples[0] == f"{0:016x}: 0.png"
    assert not list(check_sizes(sized((100, 300), *[(112, 112)] * 10), {"small": (224, 224)}))


def test_very_different_sizes_are_named():
    items = sized(*[(100, 200)] * 10, *[(900, 400)] * 10)
    found, = check_sizes(items, {})
    assert "the shorter side has 100 to 400 pixels" in found.found
    assert not list(check_sizes(sized(*[(100, 200)] * 10, *[(900, 399)] * 10), {}))
    assert not list(check_sizes([], {}))


def test_the_command_finds_conflicts_leaks_and_files_that_are_none(tmp_path, vision_folder):
    """One picture in two classes, one in two given splits, one file that is none."""
    for number, split in enumerate(("train", "validation", "test")):
        write_pictures(tmp_path / split, 4)
        for label in CLASSES:
            for i in range(4):
                Image.fromarray(picture(label, 10 * number + i)).save(
                    tmp_path / split / label / f"{i:03}.png")
    shutil.copy(tmp_path / "train/lines/000.png", tmp_path / "train/spots/twice.bmp.png")
    shutil.copy(tmp_path / "train/plain/000.png", tmp_path / "test/plain/seen.png")
    Image.fromarray(np.asarray(Image.open(tmp_path / "train/plain/001.png"))).save(
        tmp_path / "train/plain/again.tiff")
    (tmp_path / "train/plain/broken.png").write_bytes(b"no picture")
    value = suite_of_pictures(vision_folder)
    value["task"]["source"] = {split: {"file": split} for split in ("train", "validation", "test")}
    value["task"] |= {"unreadable": "drop", "leaks": "drop"}
    (tmp_path / "scans.yaml").write_text(yaml.safe_dump(value))
    said = harness("check", tmp_path / "scans.yaml")
    assert said.code == 0, said.all
    shown = " ".join(said.out.split())
    assert "2 rows" in shown
    assert "have a picture that also stands under another class" in shown
    assert "lines/000.png" in shown
    assert "1 files are no pictures and are left out" in shown
    assert "plain/broken.png: is no picture of a kind that is read" in shown
    assert "1 rows repeat a picture and its label (the same pixels)" in shown
    assert "1 pictures (the same pixels) stand in two of the given splits" in shown
    assert "pictures that tiny sees" not in shown, "40 pixels are more than the 32 that it sees"
