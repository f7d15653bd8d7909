"""A backbone's folder is looked at once, as long as it is what it was."""

import json
import shutil
from functools import wraps

import pytest

from harness.backbones import handle as handles
from harness.backbones.handle import folder_handle
from harness.common.errors import HarnessError
from harness.common.provenance import Provenance


@pytest.fixture
def folder(encoder, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return shutil.copytree(encoder.path, tmp_path / "model")


@pytest.fixture
def looks(monkeypatch):
    """The folders that were looked at."""
    seen, look = [], handles.look  # which says where it lies
    noting = wraps(look)(lambda folder: seen.append(folder) or look(folder))
    monkeypatch.setattr(handles, "look", noting)
    return seen


def test_what_was_found_sound_is_not_looked_at_again(folder, looks):
    first = folder_handle(folder)
    assert folder_handle(folder) == first
    assert looks == [folder]


def test_what_changed_is(folder, looks):
    folder_handle(folder)
    (folder / "notes.txt").write_text("new")
    folder_handle(folder)
    assert len(looks) == 2


def test_what_was_refused_is_refused_again(folder, looks):
    config = folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"hidden_size": 10**9}))
    for _ in range(2):
        with pytest.raises(HarnessError, match="asks for"):
            folder_handle(folder)
    assert len(looks) == 2


def test_the_same_bytes_by_a_link_that_leaves_the_folder_are_refused(folder, looks, tmp_path):
    folder_handle(folder)
    weights = folder / "model.safetensors"
    weights.rename(tmp_path / "elsewhere.safetensors")
    weights.symlink_to(tmp_path / "elsewhere.safetensors")
    with pytest.raises(HarnessError, match="is a link that leaves the folder"):
        folder_handle(folder)
    assert len(looks) == 2


def test_another_release_of_a_library_looks_for_itself(folder, looks, monkeypatch):
    folder_handle(folder)
    monkeypatch.setattr(handles, "provenance", lambda module: Provenance("0" * 64, {"torch": "9"}))
    folder_handle(folder)
    assert len(looks) == 2
