"""Weights taken back towards those of an untouched model."""

import copy

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertForSequenceClassification, LlamaConfig, LlamaForCausalLM

from harness.backbones.between import take_back
from harness.common.errors import CannotRunError

SMALL = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
         "intermediate_size": 8, "vocab_size": 12}


def moved(model):
    other = copy.deepcopy(model)
    with torch.no_grad():
        for weight in other.parameters():
            weight += torch.randn_like(weight)
    return other


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 1.0])
def test_every_weight_goes_the_share_of_its_way_and_shared_ones_once(share):
    base = LlamaForCausalLM(LlamaConfig(**SMALL, tie_word_embeddings=True))
    tuned = moved(base)
    before, after = base.state_dict(), {k: v.clone() for k, v in tuned.state_dict().items()}
    take_back(tuned, base, share, headed=False)
    assert "lm_head.weight" in before
    for name, weight in tuned.state_dict().items():
        by_hand = before[name].double() + share * (after[name].double() - before[name].double())
        assert torch.allclose(weight.double(), by_hand, atol=1e-6), name
    if share == 1.0:
        assert all(torch.equal(w, after[name]) for name, w in tuned.state_dict().items())


def test_a_head_stays_as_it_was_tuned_and_all_else_moves():
    base = BertForSequenceClassification(BertConfig(**SMALL))
    tuned = moved(base)
    after = {k: v.clone() for k, v in tuned.state_dict().items()}
    take_back(tuned, base, 0.5, headed=True)
    same = {name.split(".")[0] if name.startswith("classifier") else ".".join(name.split(".")[:2])
            for name, weight in tuned.state_dict().items() if torch.equal(weight, after[name])}
    assert same == {"classifier", "bert.pooler"}


def test_a_bias_that_tuning_gave_a_layer_goes_back_to_none():
    base = nn.Sequential(nn.Linear(3, 3, bias=False))
    tuned = copy.deepcopy(base)
    tuned[0].bias = nn.Parameter(torch.ones(3))
    take_back(tuned, base, 0.25, headed=False)
    assert tuned[0].bias.tolist() == [0.25] * 3
    assert torch.equal(tuned[0].weight, base[0].weight)


def test_running_means_are_taken_back_too():
    base, tuned = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    tuned.running_mean.fill_(4.0)
    take_back(tuned, base, 0.5, headed=False)
    assert tuned.running_mean.tolist() == [2.0, 2.0]


def test_weights_that_are_not_in_both_are_refused_and_not_shrunk():
    tuned, base = nn.Sequential(nn.Linear(3, 3)), nn.Sequential(nn.Linear(3, 3))
    with pytest.raises(CannotRunError, match=r"no 1\.weight"):
        take_back(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)), base, 0.5, headed=False)
    with pytest.raises(CannotRunError, match="another size"):
        take_back(tuned, nn.Sequential(nn.Linear(1, 3)), 0.5, headed=False)
    with pytest.raises(CannotRunError, match=r"no 0\.weight"):
        take_back(tuned, nn.Sequential(nn.Identity()), 0.5, headed=False)
