"""Folders of pictures that something is wrong with: each is an error of two lines, or counted."""

import os

import pytest
import yaml
from pictured import picture, suite_of_pictures, write_pictures
from PIL import Image, PngImagePlugin

from harness.backbones.admission.folder import look
from harness.check.passed_over import check_passed_over
from harness.commands.asked_rows import picture_rows
from harness.common.errors import HarnessError
from harness.common.files import sha256_tree
from harness.inputs.pictures import decode
from harness.suite import load_suite
from harness.tasks.readers.picture_folders import (
    PictureFolderOptions,
    passed_over,
    read_picture_folders,
)
from harness.tasks.task import load_task


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path / "pictures", 8)


def rows(folder):
    return list(read_picture_folders(folder, PictureFolderOptions()))


def as_bytes(folder, name):
    """A file or a folder whose name is no UTF-8."""
    ending = os.path.splitext(name)[1].encode()
    os.rename(folder / name, os.fsencode(folder) + b"/\xff\xfe" + ending)


def test_names_that_are_no_text_are_written_as_bytes(folder, vision_folder):
    """Of a file and of a class: prepared, kept, asked about."""
    as_bytes(folder / "lines", "000.png")
    as_bytes(folder, "plain")
    found = {row.name: row.label for row in rows(folder)}
    assert found["lines/\\xff\\xfe.png"] == "lines"
    assert found["\\xff\\xfe/001.png"] == "\\xff\\xfe"
    value = suite_of_pictures(vision_folder)
    value["task"]["labels"] = {"lines": ["lines"], "spots": ["spots"], "odd": ["\\xff\\xfe"]}
    path = folder.parent / "scans.yaml"
    path.write_text(yaml.safe_dump(value))
    task = load_task(load_suite(path))
    assert task.facts.kept == 24
    names = [row.file for row in picture_rows(load_suite(path), folder, None, None)]
    assert "lines/\\xff\\xfe.png" in names
    assert all(name.encode() for name in names)


def test_plain_names_have_the_hash_that_they_had(tmp_path):
    import hashlib

    (tmp_path / "ä").mkdir()
    (tmp_path / "ä" / "b").write_bytes(b"x")
    inside = hashlib.sha256(b"x").hexdigest()
    assert sha256_tree(tmp_path) == hashlib.sha256(
        "ä/b".encode() + b"\0" + inside.encode() + b"\n").hexdigest()


@pytest.mark.parametrize(("make", "words"), [
    (lambda path: path.symlink_to("loop.png"), "lines/loop.png: is a link that leads to itself"),
    (lambda path: path.symlink_to("/etc/hostname"), "lines/loop.png: is a link that leaves"),
    (lambda path: path.symlink_to("gone.png"), "lines/loop.png: there is no such file"),
    (os.mkfifo, "lines/loop.png: is no plain file"),
])
def test_links_and_pipes_are_named(folder, make, words):
    make(folder / "lines" / "loop.png")
    with pytest.raises(HarnessError) as error:
        rows(folder)
    assert error.value.found.startswith(words)
    assert error.value.fix


def test_a_loop_of_links_in_a_model_s_folder_is_named(vision_folder, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "loop.json").symlink_to("loop.json")
    with pytest.raises(HarnessError, match=r"loop\.json is a link that leaves the folder"):
        look(tmp_path)


def test_what_is_passed_over_is_counted(folder, vision_folder):
    (folder / "empty").mkdir()
    (folder / "texts" / "deep").mkdir(parents=True)
    (folder / "texts" / "deep" / "a.txt").write_text("no picture")
    (folder / "lines" / "Thumbs.db").write_bytes(b"")
    (folder / "lines" / ".hidden").write_bytes(b"")
    (folder / "lines" / "scan").write_bytes((folder / "lines" / "000.png").read_bytes())
    found = passed_over(folder)
    assert found.folders == ("empty", "texts")
    assert found.files == ("lines/Thumbs.db", "lines/scan", "texts/deep/a.txt")
    path = folder.parent / "scans.yaml"
    path.write_text(yaml.safe_dump(suite_of_pictures(vision_folder)))
    told = list(check_passed_over(load_suite(path)))
    assert [(one.check, one.severity, one.count) for one in told] == [
        ("folders", "warning", 2), ("files", "note", 3)]
    for name in ("empty", "texts", "lines/Thumbs.db", "lines/scan"):
        path = folder / name
        if path.is_file():
            path.unlink()
    assert passed_over(folder).files == ("texts/deep/a.txt",)


def test_a_png_with_a_long_text_is_not_called_damaged(tmp_path):
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "x" * 3_000_000, zip=True)
    Image.fromarray(picture("lines", 1)).save(tmp_path / "a.png", pnginfo=info)
    with pytest.raises(HarnessError) as error:
        decode((tmp_path / "a.png").read_bytes(), "a.png")
    assert error.value.found == ("a.png: holds a text of more than a million letters beside the "
                                 "picture")
