from types import SimpleNamespace

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from harness.backbones.kernels import attention
from harness.backbones.kernels.attention import attend

ROWS, LENGTH, WIDTH = 3, 7, 8


def inputs(heads, groups):
    torch.manual_seed(0)
    return [torch.randn(ROWS, n, LENGTH, WIDTH).requires_grad_() for n in (heads, groups, groups)]


def causal():
    seen = torch.ones(LENGTH, LENGTH, dtype=torch.bool).tril()
    return torch.zeros(ROWS, 1, LENGTH, LENGTH).masked_fill(~seen, torch.finfo(torch.float32).min)


@pytest.mark.parametrize(("heads", "groups"), [(4, 4), (6, 2), (4, 1)])
@pytest.mark.parametrize("masked", [True, False])
def test_products_give_the_kernels_output_and_gradients(heads, groups, masked):
    ours, theirs = inputs(heads, groups), inputs(heads, groups)
    mask = causal() if masked else None
    module = SimpleNamespace(is_causal=False, num_key_value_groups=heads // groups)
    output, _ = attend(module, *ours, mask, scaling=0.3)
    query, key, value = theirs
    repeated = [t.repeat_interleave(heads // groups, dim=1) for t in (key, value)]
    expected = scaled_dot_product_attention(query, *repeated, attn_mask=mask, scale=0.3)
    torch.testing.assert_close(output, expected.transpose(1, 2))
    for out in (output, expected.transpose(1, 2)):
        (out * torch.arange(WIDTH)).sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a.grad, b.grad)


def test_the_kernel_answers_where_no_gradient_is_wanted_or_scores_would_be_many(monkeypatch):
    asked = []
    monkeypatch.setattr(attention, "sdpa_attention_forward",
                        lambda *a, **k: asked.append(a) or (a[1], None))
    module = SimpleNamespace(is_causal=False, num_key_value_groups=1)
    with torch.no_grad():
        attend(module, *inputs(4, 4), causal())
    assert len(asked) == 1
    attend(module, *inputs(4, 4), causal())
    assert len(asked) == 1
    monkeypatch.setattr(attention, "LONGEST", LENGTH - 1)
    attend(module, *inputs(4, 4), causal())
    assert len(asked) == 2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_a_position_that_sees_nothing_is_no_nan(dtype):
    """Padding behind a sliding window; ModernBERT has such rows."""
    query, key, value = (t.detach().to(dtype).requires_grad_() for t in inputs(2, 2))
    mask = torch.zeros(ROWS, 1, LENGTH, LENGTH)
    mask[:, :, -1] = torch.finfo(torch.float32).min
    module = SimpleNamespace(is_causal=False, num_key_value_groups=1)
    with torch.autocast("cpu", enabled=dtype == torch.bfloat16):
        output, _ = attend(module, query, key, value, mask)
    output.sum().backward()
    assert all(torch.isfinite(t).all() for t in (output, query.grad, key.grad, value.grad))
