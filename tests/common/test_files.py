import errno
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.common.clock import Clock
from harness.common.errors import CannotWriteError, HarnessError
from harness.common.files import atomic_folder, sha256_json, sha256_tree, write_atomic
from harness.common.leftovers import prefix, sweep
from harness.common.names import did_you_mean
from harness.common.registry import Registry
from harness.common.sealed import sealed, unsealed
from harness.common.text import without_folders
from harness.common.unwritable import writing

VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                      lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                      max_leaves=10)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "record.json"
    write_atomic(path, "old")
    with pytest.raises(TypeError):
        write_atomic(path, None)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["record.json"]


def test_a_folder_is_complete_or_absent(tmp_path):
    def half() -> None:
        with atomic_folder(tmp_path / "run") as folder:
            (folder / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert list(tmp_path.iterdir()) == []
    with atomic_folder(tmp_path / "run") as folder:
        (folder / "whole").write_text("x")
    assert (tmp_path / "run" / "whole").read_text() == "x"


@given(st.dictionaries(st.text(), VALUES))
def test_a_json_hash_ignores_the_order_of_keys(value):
    backwards = dict(reversed(value.items()))
    assert sha256_json(value) == sha256_json(backwards)
    assert sha256_json(value) == sha256_json(json.loads(json.dumps(value)))


def test_a_tree_hash_sees_names_and_contents(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("same")
    assert sha256_tree(tmp_path / "a") == sha256_tree(tmp_path / "b")
    (tmp_path / "b" / "file").rename(tmp_path / "b" / "other")
    assert sha256_tree(tmp_path / "a") != sha256_tree(tmp_path / "b")


def test_a_clock_keeps_phases_apart_and_refuses_to_count_twice():
    clock = Clock()
    with clock.phase("a"):
        pass
    clock.saved["b"] += 2.0
    assert clock.stand_alone() == pytest.approx(2.0 + clock.spent["a"])
    with pytest.raises(RuntimeError, match="inside phase"), clock.phase("a"), clock.phase("b"):
        pass


def test_the_nearest_name_is_offered():
    assert did_you_mean("lorra", ["lora", "full", "dora"]) == "Did you mean 'lora'?"
    assert did_you_mean("zzz", ["lora", "full"]) == "Known: full, lora."


def test_a_registry_refuses_a_second_registration_and_names_the_nearest():
    registry: Registry[str] = Registry("method")
    registry.register("full")("x")
    with pytest.raises(ValueError, match="registered twice"):
        registry.register("full")("y")
    with pytest.raises(HarnessError, match="no method 'ful'") as error:
        registry["ful"]
    assert "'full'" in error.value.fix


def test_what_a_dead_process_left_is_swept_and_a_living_one_s_is_not(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    mine, place = prefix(), prefix().split("-")[1]
    dead = f".tmp-{place}-{process.pid}-x"
    elsewhere = f".tmp-{'0' * 8}-{process.pid}-x"
    for name in (f"{mine}x", dead, elsewhere, "record.json"):
        (tmp_path / name).write_text("")
    (tmp_path / f"{dead}-folder").mkdir()
    sweep(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {f"{mine}x", elsewhere, "record.json"}


@pytest.mark.parametrize(("error", "words"), [
    (OSError(errno.ENOSPC, "full"), "Free some space"),
    (OSError(errno.EROFS, "read-only"), "Name a place that you may write"),
    (PermissionError(errno.EACCES, "forbidden"), "Name a place that you may write"),
    (RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
     "Free some space"),
    (RuntimeError("could not write: No space left on device"), "Free some space"),
])
def test_trouble_with_writing_is_told_from_other_trouble(tmp_path, error, words):
    with pytest.raises(CannotWriteError, match=words), writing(tmp_path / "file"):
        raise error
    with pytest.raises(ValueError, match="other"), writing(tmp_path / "file"):
        raise ValueError("other")
    with pytest.raises(FileNotFoundError), writing(tmp_path / "file"):
        (tmp_path / "absent").read_text()
    with pytest.raises(CannotWriteError, match="removed meanwhile"), writing(tmp_path / "no/file"):
        (tmp_path / "no" / "file").write_text("")


@pytest.mark.parametrize("harm", [
    lambda folder: (folder / "file").mkdir(), lambda folder: folder.rename(folder.with_name("f")),
])
def test_what_cannot_be_written_to_is_said_in_two_lines(tmp_path, harm):
    folder = tmp_path / "a"
    folder.mkdir()
    harm(folder)
    if not folder.exists():
        folder.write_text("a file where a folder should be")
    with pytest.raises(CannotWriteError, match="Name a place that you may write"):
        write_atomic(folder / "file", "content")
    with pytest.raises(CannotWriteError), atomic_folder(tmp_path / ("x" * 300)):
        pass


def test_trouble_with_reading_is_not_taken_for_trouble_with_writing(tmp_path):
    other = tmp_path / "elsewhere" / "input"
    with pytest.raises(PermissionError), atomic_folder(tmp_path / "runs" / "kept"):
        raise PermissionError(errno.EACCES, "forbidden", str(other))
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_folder_is_put_back_when_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    with atomic_folder(tmp_path / "kept") as folder:
        (folder / "old").write_text("")
    rename, renamed = os.rename, []

    def fail_at_the_second(source, target):
        renamed.append(source)
        if len(renamed) == 2:
            raise OSError(errno.EIO, "the disk")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail_at_the_second)
    with pytest.raises(OSError, match="the disk"), atomic_folder(tmp_path / "kept"):
        pass
    assert (tmp_path / "kept" / "old").exists()


@pytest.mark.parametrize(("text", "left"), [
    ("no file in directory /home/alice/my/model.", "no file in directory model."),
    ("[Errno 2] No such file: '/tmp/x y/nothing.bin'", "[Errno 2] No such file: 'x y/nothing.bin'"),
    ("see https://example.org/a/b and a/b or 3/4", "see https://example.org/a/b and a/b or 3/4"),
    ("~/.cache/huggingface/x", "x"),
])
def test_a_record_names_no_folder_of_a_machine(text, left):
    assert without_folders(text) == left


@given(st.dictionaries(st.text(), VALUES))
def test_a_sealed_document_is_read_and_a_changed_one_is_not(value):
    fields = {name: inner for name, inner in value.items() if name != "sha256"}
    text = sealed(json.dumps(fields))
    assert unsealed(text) == fields
    for changed in ("", "[]", "{}", json.dumps(json.loads(text) | {"more": 1}), text[:-3]):
        with pytest.raises(ValueError):  # noqa: PT011
            unsealed(changed)
