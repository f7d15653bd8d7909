import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.common.files import atomic_folder, sha256_json, sha256_tree, write_atomic
from harness.common.names import did_you_mean
from harness.common.registry import Registry

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
