import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.backbones.aligned import LINE, align
from harness.backbones.load import load_asked, load_classifier


def shifted(tensor: torch.Tensor, floats: int) -> torch.Tensor:
    """The same values, that many floats behind a place where the widest loads begin."""
    room = torch.empty(tensor.numel() + floats + LINE // 4)
    begin = -(room.data_ptr() // 4) % (LINE // 4) + floats
    return room[begin: begin + tensor.numel()].view(tensor.shape).copy_(tensor)


@pytest.mark.parametrize("floats", range(16))
def test_an_answer_does_not_hang_on_where_a_weight_was_loaded_to(floats):
    layer = torch.nn.Linear(32, 32)
    row = torch.randn(1, 32)
    right = layer(row).detach()
    layer.weight.data = shifted(layer.weight.data, floats)
    values = layer.weight.detach().clone()
    align(layer)
    assert layer.weight.data_ptr() % LINE == 0
    assert torch.equal(layer.weight, values)
    assert torch.equal(layer(row), right)


def test_weights_of_a_file_with_any_header_are_aligned(encoder, decoder, seq2seq):
    for model in (load_classifier(encoder, ("a", "b"), "cpu").model,
                  load_asked(decoder, "cpu").model, load_asked(seq2seq, "cpu").model):
        assert {p.data_ptr() % LINE for p in model.parameters()} == {0}


@pytest.mark.parametrize("name", ["w", "a_name_that_makes_the_header_longer"])
def test_tied_weights_stay_one(tmp_path, name):
    save_file({name: torch.randn(8, 8)}, tmp_path / "x.safetensors")
    model = torch.nn.ModuleList([torch.nn.Linear(8, 8), torch.nn.Linear(8, 8)])
    model[0].weight = torch.nn.Parameter(shifted(load_file(tmp_path / "x.safetensors")[name], 3))
    model[1].weight = model[0].weight
    align(model)
    assert model[0].weight is model[1].weight
    assert np.isfinite(model[1].weight.detach().numpy()).all()
