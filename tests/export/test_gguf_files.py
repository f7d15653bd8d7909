"""A decoder as a GGUF file: what transformers reads back answers what was fitted."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gguf import GGUFReader
from tiny_tokenizer import byte_tokenizer
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)
from written import items, kept, whole, written

from harness.backbones.gguf import apart
from harness.common.errors import HarnessError
from harness.export.formats import find_format
from harness.export.gguf_file import MODEL, turned, write_as


@pytest.fixture(scope="module")
def folders(place, tmp_path_factory):
    """The tiny `lora` run of the decoder in both kinds, and its answers from there."""
    found = {}
    for to in ("gguf-f16", "gguf-q8_0"):
        folder = tmp_path_factory.mktemp(to)
        found[to] = folder, written(place, "lora", "dec", to, folder)
    return found


@pytest.mark.parametrize(("to", "room"), [("gguf-f16", 0.02), ("gguf-q8_0", 0.05)])
def test_the_file_answers_as_the_run_did(place, folders, to, room):
    assert folders[to][1] == pytest.approx(kept(place, "lora", "dec"), abs=room)


def test_every_matrix_is_rounded_once_and_lies_where_transformers_looks(place, folders):
    model = whole(place, "lora", "dec").loaded.model
    read = AutoModelForCausalLM.from_pretrained(folders["gguf-f16"][0], gguf_file=MODEL,
                                                dtype=torch.float32)
    theirs = read.state_dict()
    for name, mine in model.state_dict().items():
        wanted = mine if mine.ndim < 2 else mine.half().float()
        assert torch.equal(theirs[name], wanted), name


def test_types_and_bytes(folders):
    kinds = {to: {t.name: t.tensor_type.name for t in GGUFReader(folder / MODEL).tensors}
             for to, (folder, _) in folders.items()}
    assert kinds["gguf-f16"]["blk.0.attn_q.weight"] == "F16"
    assert kinds["gguf-q8_0"]["blk.0.attn_q.weight"] == "Q8_0"
    assert {by["blk.0.attn_norm.weight"] for by in kinds.values()} == {"F32"}
    small, large = (folders[to][0].joinpath(MODEL).stat().st_size
                    for to in ("gguf-q8_0", "gguf-f16"))
    assert small < large


def test_the_tokenizer_in_the_file_is_the_run_s(place, folders):
    folder, mine = folders["gguf-f16"][0], whole(place, "lora", "dec").loaded.tokenizer
    with apart(folder / MODEL) as alone:
        theirs = AutoTokenizer.from_pretrained(alone, gguf_file=MODEL)
    for item in items(place, "lora", "dec"):
        assert theirs(item.text, add_special_tokens=False)["input_ids"] == mine(
            item.text, add_special_tokens=False)["input_ids"]
    assert (theirs.eos_token_id, theirs.bos_token_id) == (mine.eos_token_id, mine.bos_token_id)


def test_rows_are_turned_as_they_are_turned_back():
    from transformers.modeling_gguf_pytorch_utils import LlamaTensorProcessor

    rows = np.arange(48.0).reshape(24, 2)
    back = LlamaTensorProcessor()._reverse_permute_weights(turned(rows, 3), 3, 3)
    assert np.array_equal(back, rows)
    assert not np.array_equal(turned(rows, 3), rows)


@pytest.mark.parametrize("change", [
    {"model_type": "gpt2"}, {"model_type": "qwen3", "head_dim": 64}, {"hidden_act": "gelu"},
    {"mlp_bias": True}, {"attention_bias": True},
    {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}])
def test_what_has_no_layout_here_is_refused(place, tmp_path, change):
    model = whole(place, "lora", "dec")
    config = SimpleNamespace(**model.loaded.model.config.to_dict() | change)
    other = dataclasses.replace(model, loaded=dataclasses.replace(
        model.loaded, model=SimpleNamespace(config=config)))
    with pytest.raises(HarnessError, match="as GGUF here"):
        find_format("gguf-f16", other).write(other, tmp_path)


def test_encoders_are_refused(place):
    with pytest.raises(HarnessError, match="is not written as gguf-f16"):
        find_format("gguf-f16", whole(place, "full", "enc"))




@pytest.mark.parametrize(("make", "config", "size"), [
    (Qwen2ForCausalLM, Qwen2Config, 8), (Qwen3ForCausalLM, Qwen3Config, 128)])
def test_types_that_are_not_turned_round_are_read_back_too(tmp_path, make, config, size):
    torch.manual_seed(0)
    tokenizer = byte_tokenizer(pair_template=False)
    model = make(config(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=size, intermediate_size=64, max_position_embeddings=64))
    whole_one = SimpleNamespace(
        label="m", loaded=SimpleNamespace(model=model, tokenizer=tokenizer,
                                          processor=SimpleNamespace(save=lambda folder: None)))
    write_as("F16", whole_one, tmp_path)
    read = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file=MODEL, dtype=torch.float32)
    theirs = read.state_dict()
    for name, mine in model.state_dict().items():
        wanted = mine if mine.ndim < 2 else mine.half().float()
        assert torch.equal(theirs[name], wanted), name
    asked = torch.arange(10)[None]
    assert torch.allclose(read(asked).logits, model.eval()(asked).logits, atol=1e-2)
