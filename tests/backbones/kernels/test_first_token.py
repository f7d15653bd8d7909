"""The last block for the first token alone: the same logits and gradients for less arithmetic."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, AutoModelForSequenceClassification

from harness.backbones.kernels.attention import speed_up_attention
from harness.backbones.kernels.first_token import READ_FIRST, first_token_alone, last_block

LENGTHS = (11, 7, 4)


def tiny(model_type: str) -> Any:
    """A classifier of two blocks with random weights, without dropout."""
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        model_type, vocab_size=99, hidden_size=16, embedding_size=16, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=32, max_position_embeddings=40, num_labels=3,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, pad_token_id=1)
    model = AutoModelForSequenceClassification.from_config(config)
    for parameter in model.parameters():  # a fresh model's biases are zero
        torch.nn.init.normal_(parameter, std=0.3)
    return model


def texts() -> dict[str, torch.Tensor]:
    """Three sequences, the shorter ones padded."""
    mask = torch.stack([(torch.arange(max(LENGTHS)) < n).long() for n in LENGTHS])
    ids = torch.where(mask.bool(), torch.randint(5, 99, mask.shape), 1)
    return {"input_ids": ids, "attention_mask": mask}


@pytest.mark.parametrize("products", [False, True])
@pytest.mark.parametrize("model_type", sorted(READ_FIRST))
def test_logits_and_gradients_are_those_of_the_whole_block(model_type: str, products: bool
                                                           ) -> None:
    model, batch = tiny(model_type).train(), texts()
    if products:
        speed_up_attention(model)
    whole = model(**batch).logits
    cross_entropy(whole, torch.tensor([0, 2, 1])).backward()
    expected = {name: p.grad for name, p in model.named_parameters()}
    model.zero_grad()
    block = last_block(model)
    with first_token_alone(block):
        alone = model(**batch).logits
        cross_entropy(alone, torch.tensor([0, 2, 1])).backward()
    torch.testing.assert_close(alone, whole, rtol=1e-5, atol=1e-5)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-4, atol=1e-5, msg=name)
    assert whole.std() > 0.01
    assert any(g is not None and g.abs().max() > 1e-3 for g in expected.values())


def test_it_takes_less_arithmetic_and_leaves_the_block_as_it_was() -> None:
    model, batch = tiny("bert").eval(), texts()
    block = last_block(model)
    before = dict(vars(block))

    def operations() -> int:
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            model(**batch)
        return counter.get_total_flops()

    whole = operations()
    with first_token_alone(block):
        alone = operations()
    assert 0.5 * whole < alone < 0.7 * whole  # two blocks: 10 of the 24 products are of one token
    assert operations() == whole
    assert vars(block) == before


def test_a_model_of_another_type_is_left_alone() -> None:
    config = AutoConfig.for_model("distilbert", dim=16, hidden_dim=32, n_layers=2, n_heads=2,
                                  vocab_size=99)
    model = AutoModelForSequenceClassification.from_config(config)
    assert last_block(model) is None
    with first_token_alone(None):
        pass
