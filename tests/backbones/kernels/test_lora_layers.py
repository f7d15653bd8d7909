import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from harness.backbones.kernels.lora import DirectLora, speed_up_lora

X = torch.linspace(-1, 1, 48).view(2, 3, 8)


def models(**options):
    """PEFT's model and its copy with direct layers, both with an adapter that changes answers."""
    torch.manual_seed(0)
    base = nn.Sequential(nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 8))
    config = LoraConfig(r=2, lora_alpha=6, target_modules=["0", "2"], init_lora_weights=False,
                        **options)
    plain = get_peft_model(base, config)
    quick = copy.deepcopy(plain)
    speed_up_lora(quick)
    assert any(isinstance(m, DirectLora) for m in quick.modules())
    return plain, quick


def losses(model, autocast):
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        return model(X).float().square().mean()


@pytest.mark.parametrize("options", [{}, {"use_rslora": True}, {"use_dora": True},
                                     {"lora_bias": True}, {"lora_dropout": 0.3}])
def test_answers_and_gradients_are_pefts(options):
    plain, quick = models(**options)
    results = []
    for model in (plain, quick):
        model.train()
        torch.manual_seed(1)  # of the dropout
        loss = losses(model, autocast=False)
        loss.backward()
        results.append([loss] + [p.grad for p in model.parameters() if p.requires_grad])
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b)


def test_in_bf16_it_is_as_near_to_fp32_as_peft_is():
    plain, quick = models()
    exact = losses(plain, autocast=False)
    theirs, ours = (abs(losses(model, autocast=True) - exact) for model in (plain, quick))
    assert ours < 0.01 * exact
    assert theirs < 0.01 * exact


def test_off_it_is_the_base_and_merged_it_is_pefts():
    plain, quick = models()
    with torch.no_grad():
        for model in (plain, quick):
            model.eval()
        with plain.disable_adapter(), quick.disable_adapter():
            assert torch.equal(plain(X), quick(X))
        on = quick(X)
        quick.merge_adapter()
        torch.testing.assert_close(quick(X), on)
