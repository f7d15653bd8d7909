"""Model folders from strangers."""

import json
import shutil

import pytest
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForSequenceClassification

from harness.backbones.admission.folder import admit, check_unchanged
from harness.common.errors import HarnessError
from harness.common.files import sha256_tree


@pytest.fixture
def folder(encoder, tmp_path):
    return shutil.copytree(encoder.path, tmp_path / "model")


def configure(folder, **fields):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_a_sound_folder(folder):
    admitted = admit(folder)
    assert admitted.sha256 == sha256_tree(folder)
    assert admitted.bytes == sum(p.stat().st_size for p in folder.iterdir())
    assert not admitted.is_adapter
    assert admitted.parameters > 10_000


@pytest.mark.parametrize("fields", [
    {"hidden_size": 10**6, "vocab_size": 10**6}, {"num_hidden_layers": 10**9},
    {"intermediate_size": 10**12}])
def test_a_configuration_that_asks_for_more_than_the_weights_hold(folder, fields):
    configure(folder, **fields)
    with pytest.raises(HarnessError, match="asks for"):
        admit(folder)


@pytest.mark.parametrize(("fields", "words"), [
    ({"auto_map": {"AutoModel": "evil.Model"}}, "needs code of its own"),
    ({"model_type": "no-such-model"}, "cannot be read"),
    ({"hidden_size": "many"}, "does not describe|cannot be read"),
    ({"num_attention_heads": 0}, "does not describe|cannot be read")])
def test_a_configuration_that_is_none(folder, fields, words):
    configure(folder, **fields)
    with pytest.raises(HarnessError, match=words):
        admit(folder)


def test_an_adapter_that_asks_for_more_than_it_holds(encoder, tmp_path):
    model = AutoModelForSequenceClassification.from_pretrained(encoder.path)
    get_peft_model(model, LoraConfig(r=2, target_modules="all-linear", task_type="SEQ_CLS")
                   ).save_pretrained(tmp_path)
    assert admit(tmp_path).is_adapter
    path = tmp_path / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"r": 10**9}))
    with pytest.raises(HarnessError, match="asks for r 1,000,000,000"):
        admit(tmp_path)


def test_links_that_leave_the_folder(folder):
    (folder / "vocab.txt").symlink_to("/etc/passwd")
    with pytest.raises(HarnessError, match="is a link that leaves the folder"):
        admit(folder)


def test_a_snapshot_of_the_hugging_face_cache(encoder, tmp_path):
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "rev"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    for path in encoder.path.iterdir():
        shutil.copy(path, blobs / path.name)
        (snapshot / path.name).symlink_to(f"../../blobs/{path.name}")
    assert admit(snapshot).bytes == admit(encoder.path).bytes


def test_more_bytes_than_allowed(folder):
    with pytest.raises(HarnessError, match="more than the 1,000 allowed"):
        admit(folder, 1000)


def test_damaged_files(folder):
    (folder / "tokenizer_config.json").write_text('{"a": ')
    with pytest.raises(HarnessError, match="not JSON"):
        admit(folder)
    (folder / "tokenizer_config.json").write_text("[" * 100_000)
    with pytest.raises(HarnessError, match="not JSON"):
        admit(folder)
    (folder / "tokenizer_config.json").unlink()
    weights = folder / "model.safetensors"
    weights.write_bytes(b"\xff" * 64)
    with pytest.raises(HarnessError, match="not a whole safetensors file"):
        admit(folder)


def sharded(folder, **weight_map):
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


def test_an_index_names_files_of_the_folder_only(folder):
    weights = folder / "model.safetensors"
    shutil.copy(weights, folder.parent / "outside.safetensors")
    weights.rename(folder / "part.safetensors")
    (folder / "x.bin").write_bytes(b"\x80\x04}.")
    sharded(folder, a="part.safetensors")
    assert admit(folder).parameters > 10_000
    for name in ("../outside.safetensors", "x.bin", "absent.safetensors"):
        sharded(folder, a="part.safetensors", b=name)
        with pytest.raises(HarnessError, match="names files that are not safetensors"):
            admit(folder)
    (folder / "model.safetensors.index.json").unlink()
    with pytest.raises(HarnessError, match="neither model"):
        admit(folder)


def test_a_tokenizer_of_another_place_and_too_many_classes(folder):
    (folder / "tokenizer_config.json").write_text('{"vocab": "/etc/passwd"}')
    with pytest.raises(HarnessError, match="vocab lies outside"):
        admit(folder)
    (folder / "tokenizer_config.json").unlink()
    configure(folder, num_labels=10**9)
    with pytest.raises(HarnessError, match="1,000,000,000 classes"):
        admit(folder)


def test_a_folder_that_changes_is_told(folder):
    admitted = admit(folder)
    check_unchanged(admitted)
    (folder / "more.json").write_text("{}")
    with pytest.raises(HarnessError, match="changed while"):
        check_unchanged(admitted)


@pytest.mark.parametrize(("fields", "words"), [
    ({"rank_pattern": {"query": 10**6}}, "asks for rank_pattern.query"),
    ({"layer_replication": [[0, 1]] * 200}, "repeats layers"),
    ({"inference_mode": False}, "not as"),
    ({"prompt_tuning_init_state_dict_path": "/a/x.pt"}, "names code or a file"),
    ({"adapters": {"a": "../other/adapter"}}, "names code or a file"),
    ({"tokenizer_kwargs": {"trust_remote_code": True}}, "names code or a file")])
def test_an_adapter_s_configuration_names_nothing_else(encoder, tmp_path, fields, words):
    model = AutoModelForSequenceClassification.from_pretrained(encoder.path)
    get_peft_model(model, LoraConfig(r=2, target_modules="all-linear", task_type="SEQ_CLS")
                   ).save_pretrained(tmp_path)
    path = tmp_path / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    with pytest.raises(HarnessError, match=words):
        admit(tmp_path)
