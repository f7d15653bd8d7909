"""Matrices held as products read them."""

import copy
import gc
import weakref

import pytest
import torch
from safetensors.torch import load_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from harness.backbones.handle import Handle
from harness.backbones.held import hold
from harness.backbones.load import load_base, load_causal, load_classifier, load_seq2seq
from harness.backbones.quantised import held_in
from tests.tiny_tokenizer import byte_tokenizer

IDS = torch.tensor([[5, 6, 7, 8, 9]])
BF16 = torch.bfloat16


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    """Its layers are no `nn.Linear`."""
    folder = tmp_path_factory.mktemp("gpt2")
    tokenizer = byte_tokenizer(pair_template=False)
    GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), n_embd=32, n_layer=2, n_head=2,
                               n_positions=64)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Handle("gpt2", "decoder", folder, "g" * 64, "tiny")


@pytest.fixture(scope="module")
def tied(tmp_path_factory):
    """It answers by its embedding."""
    folder = tmp_path_factory.mktemp("tied")
    tokenizer = byte_tokenizer(pair_template=False)
    LlamaForCausalLM(LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, tie_word_embeddings=True)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Handle("tied", "decoder", folder, "u" * 64, "tiny")


def classifier(handle, device, **more):
    return load_classifier(handle, ("a", "b"), device, **more)


LOADED = [("encoder", load_base), ("encoder", classifier), ("decoder", load_causal),
          ("gpt2", load_causal), ("tied", load_causal), ("seq2seq", load_seq2seq)]


def both(handle, load):
    """With whole weights and with rounded ones; heads are drawn alike."""
    models = []
    for products in (torch.float32, BF16):
        torch.manual_seed(0)
        models.append(load(handle, "cpu", products=products).model)
    return models


def answers(model):
    asked = {"decoder_input_ids": IDS} if hasattr(model.config, "decoder_start_token_id") and (
        model.config.is_encoder_decoder) else {}
    with torch.inference_mode():
        return model.eval()(input_ids=IDS, **asked)[0]


@pytest.mark.parametrize(("name", "load"), LOADED)
def test_under_autocast_answers_are_those_of_whole_weights_bit_for_bit(name, load, request):
    whole, rounded = both(request.getfixturevalue(name), load)
    with torch.autocast("cpu", BF16):
        assert torch.equal(answers(whole), answers(rounded))
    assert type(rounded) is type(whole)
    held = held_in(rounded)
    assert set(held) == {"bfloat16", "float32"}
    assert sum(held.values()) == sum(held_in(whole).values())


@pytest.mark.parametrize(("name", "load"), LOADED)
def test_outside_autocast_products_are_in_fp32(name, load, request):
    whole, rounded = both(request.getfixturevalue(name), load)
    said = answers(rounded)
    assert said.dtype == torch.float32
    assert torch.allclose(said, answers(whole), atol=0.05)


def test_embeddings_norms_and_heads_stay_whole_and_an_untied_head_that_answers_does_not(
        decoder, tied, encoder):
    def rounded(model):
        return {name for name, p in model.named_parameters() if p.dtype == BF16}

    shared = load_causal(tied, "cpu", BF16).model
    assert rounded(shared) == {name for name, p in shared.named_parameters() if "proj" in name}
    apart = load_causal(decoder, "cpu", BF16).model
    assert rounded(apart) - rounded(shared) == {"lm_head.weight"}
    head = classifier(encoder, "cpu", products=BF16)
    assert {p.dtype for p in head.fresh.values()} == {torch.float32}
    assert not any("pooler" in name or "classifier" in name for name in rounded(head.model))


def test_what_learns_stays_whole_and_what_is_frozen_is_rounded(tied):
    model = load_causal(tied, "cpu").model
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("layers.1" in name)
    hold(model, BF16)
    for name, parameter in model.named_parameters():
        whole = "layers.1" in name or "proj" not in name
        assert parameter.dtype == (torch.float32 if whole else BF16), name
    before = load_file(tied.path / "model.safetensors")
    first = "model.layers.0.mlp.up_proj.weight"
    assert torch.equal(model.get_parameter(first), before[first].to(BF16))
    kept = copy.deepcopy(held_in(model))
    hold(model, torch.float32)
    assert held_in(model) == kept


def test_a_copy_answers_by_its_own_weights_and_a_model_that_nobody_holds_is_gone(decoder):
    model = load_causal(decoder, "cpu", BF16).model
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.model.layers[0].mlp.up_proj.weight.zero_()
    assert not torch.equal(answers(model), answers(other))
    layer = weakref.ref(model.model.layers[0].mlp.up_proj)
    gc.disable()
    try:
        del model
        assert layer() is None
    finally:
        gc.enable()
