"""Names that wrappers gave a file's tensors."""

import json
import shutil

import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from harness.backbones.handle import folder_handle
from harness.backbones.load import load_base, load_causal
from harness.backbones.wrappers import bare_names, unwrapped

WORDS = st.sampled_from(["model", "encoder", "layers", "0", "1", "weight", "bias", "modules"])
NAMES = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(".".join), min_size=1, unique=True)
IN_FRONT = st.lists(st.sampled_from(["module", "_orig_mod", "_fsdp_wrapped_module"]), max_size=3)


@given(NAMES, IN_FRONT)
def test_what_wrappers_put_in_front_comes_off(names, wrappers):
    """Case backbone-prefix: also where wrappers stand in each other."""
    prefix = "".join(f"{wrapper}." for wrapper in wrappers)
    bare, found = bare_names([prefix + name for name in names])
    assert bare == {prefix + name: name for name in names}
    assert found == tuple(sorted(set(wrappers)))


def test_a_module_of_the_model_s_own_stays():
    names = ["module.weight", "head.weight"]
    assert bare_names(names) == ({name: name for name in names}, ())
    inside, found = bare_names(["layers.0._orig_mod.q.weight", "head.weight"])
    assert inside["layers.0._orig_mod.q.weight"] == "layers.0.q.weight"
    assert found == ("_orig_mod",)


def test_names_that_would_become_one_stay():
    names = ["_orig_mod.weight", "weight"]
    assert bare_names(names) == ({name: name for name in names}, ())


def renamed(source, target, name):
    shutil.copytree(source, target)
    weights = load_file(target / "model.safetensors")
    save_file({name(old): tensor for old, tensor in weights.items()},
              target / "model.safetensors", {"format": "pt"})
    return folder_handle(target)


def test_a_compiled_model_is_the_whole_one(encoder, decoder, tmp_path):
    """Case backbone-prefix: enc-compiled and dec-compiled are read as the whole models, and it is
    said."""
    ids = torch.tensor([[5, 9, 200, 31]])
    for base, load, out in ((encoder, load_base, "last_hidden_state"),
                            (decoder, load_causal, "logits")):
        handle = renamed(base.path, tmp_path / base.kind, lambda name: f"module._orig_mod.{name}")
        assert len(handle.notes) == 2
        assert "`_orig_mod.` (saved from a compiled model); it is taken off" in handle.notes[0]
        with torch.inference_mode():
            torch.testing.assert_close(getattr(load(handle, "cpu").model(ids), out),
                                       getattr(load(base, "cpu").model(ids), out), rtol=0, atol=0)
    assert folder_handle(encoder.path).notes == ()


def test_a_sharded_folder_and_the_files_beside_it(decoder, tmp_path):
    model = load_causal(decoder, "cpu").model
    model.save_pretrained(tmp_path / "whole", max_shard_size="60KB")
    shutil.copytree(tmp_path / "whole", tmp_path / "compiled")
    for path in (tmp_path / "compiled").glob("*.safetensors"):
        save_file({f"_orig_mod.{name}": tensor for name, tensor in load_file(path).items()}, path,
                  {"format": "pt"})
    index = tmp_path / "compiled" / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    content["weight_map"] = {f"_orig_mod.{n}": file for n, file in content["weight_map"].items()}
    index.write_text(json.dumps(content))
    path, notes = unwrapped(tmp_path / "compiled", "c" * 64)
    assert len(notes) == 1
    assert len(content["weight_map"]) > 2
    for file in sorted((tmp_path / "whole").iterdir()):
        if file.suffix == ".safetensors":
            ours, theirs = load_file(path / file.name), load_file(file)
            assert ours.keys() == theirs.keys()
            assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
        else:
            assert json.loads((path / file.name).read_text()) == json.loads(file.read_text())
