import copy

import torch
from torch import nn

from harness.backbones.kernels.casts import CastOnce, cast_once

X = torch.linspace(-2, 2, 12).view(3, 4)


def in_bf16(model, x=X):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return model(x)


def pair():
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 2))
    quick = copy.deepcopy(plain)
    cast_once(quick)
    return plain, quick


def kept(model):
    return model[0]._kept[1] if model[0]._kept else None


def test_the_same_answers_bit_for_bit_with_and_without_autocast():
    plain, quick = pair()
    assert all(type(module) is CastOnce for module in quick)
    with torch.inference_mode():
        assert torch.equal(in_bf16(quick), in_bf16(plain))
        assert torch.equal(quick(X), plain(X))
    assert quick.state_dict().keys() == plain.state_dict().keys()


def test_a_weight_is_cast_once_until_it_changes_in_any_way():
    plain, quick = pair()
    quick.eval()
    with torch.no_grad():
        in_bf16(quick)
        first = kept(quick)
        in_bf16(quick)
        assert kept(quick) is first
    for model in (plain, quick):
        model.train()
        in_bf16(model).sum().backward()
        torch.optim.AdamW(model.parameters(), lr=0.1, fused=True).step()
    quick.eval()
    with torch.no_grad():
        assert torch.equal(in_bf16(quick), in_bf16(plain))
        assert not torch.equal(kept(quick), first)
        for model in (plain, quick):
            model[0].weight.data = torch.ones(5, 4)
        assert torch.equal(in_bf16(quick), in_bf16(plain))


def test_gradients_are_those_of_plain_layers_through_frozen_and_learning_ones():
    plain, quick = pair()
    for model in (plain, quick):
        model[1].weight.requires_grad_(False)
        with torch.inference_mode():
            in_bf16(model)
        in_bf16(model).float().square().sum().backward()
    assert torch.equal(quick[0].weight.grad, plain[0].weight.grad)
    assert quick[1].weight.grad is None


def test_a_copy_does_not_answer_with_the_weights_that_it_was_copied_from():
    _, quick = pair()
    with torch.no_grad():
        in_bf16(quick)
        other = copy.deepcopy(quick)
        other[0].weight.zero_()
        other[0].bias.zero_()
        assert torch.equal(in_bf16(other[0]), torch.zeros(3, 5, dtype=torch.bfloat16))
