"""What a pass keeps for its gradients."""

import math

import pytest
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from harness.backbones.activations import compute_again, computes_again, pass_room
from harness.backbones.load import load_causal, load_classifier


def kept_bytes(model, tokens):
    """Bytes that autograd keeps of a pass, weights apart."""
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = (tensor, storage.nbytes())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t), (
            torch.autocast("cpu", torch.bfloat16)):
        model.model(input_ids=torch.arange(tokens)[None])
    return sum(size for _, size in kept.values())


def test_a_pass_is_as_long_as_its_states_have_room():
    config = LlamaConfig(vocab_size=512, hidden_size=576, num_hidden_layers=3,
                         num_attention_heads=9, num_key_value_heads=3, intermediate_size=1536)
    with torch.device("meta"):
        deep = LlamaForCausalLM(LlamaConfig(**{**config.to_dict(), "num_hidden_layers": 30}))
    room = pass_room(deep, "cpu")
    assert 700 < room < 850
    assert math.isinf(pass_room(deep, "cuda"))
    # What a token keeps is about what is reckoned with: some of it is LoRA's, which is not here.
    model = LlamaForCausalLM(config)
    kept = (kept_bytes(model, 256) - kept_bytes(model, 128)) / 128 / 3  # without the weights' casts
    assert 0.5 < kept / (60 * 576) < 1.5


def test_a_model_that_says_no_size_has_room_without_end_and_a_large_one_for_some():
    assert math.isinf(pass_room(nn.Linear(1, 1), "cpu"))
    with torch.device("meta"):
        large = LlamaForCausalLM(LlamaConfig(vocab_size=8, hidden_size=4096, num_hidden_layers=32))
    assert pass_room(large, "cpu") == 256


@pytest.mark.parametrize("name", ["encoder", "decoder"])
def test_states_are_computed_again_once_and_the_gradients_are_the_same(name, request):
    handle = request.getfixturevalue(name)
    torch.manual_seed(0)
    model = (load_causal(handle, "cpu") if name == "decoder" else
             load_classifier(handle, ("a", "b"), "cpu")).model.train()

    def gradients():
        torch.manual_seed(1)
        model.zero_grad()
        model(input_ids=torch.arange(5, 25)[None]).logits.square().sum().backward()
        return [p.grad.clone() for p in model.parameters() if p.grad is not None]

    before = gradients()
    assert not computes_again(model)
    assert compute_again(model)
    assert computes_again(model)
    assert not compute_again(model)
    for one, other in zip(before, gradients(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_a_model_without_blocks_to_leave_out_says_that_nothing_changed():
    assert not compute_again(nn.Linear(1, 1))
