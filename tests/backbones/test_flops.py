"""The count is torch's own, and that of attention the same, whichever kernel does it."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModel

from harness.backbones.flops import ATTEND, ATTEND_BACK, FlopCounter, attended, attended_back

ROWS, HEADS, QUERIES, KEYS, WIDTH = 2, 3, 17, 29, 8


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("backward", [False, True])
def test_the_fused_kernel_counts_as_its_products(masked, backward):
    def counted(backend):
        query, key, value = (torch.randn(ROWS, HEADS, n, WIDTH, requires_grad=backward)
                             for n in (QUERIES, KEYS, KEYS))
        mask = torch.zeros(ROWS, 1, QUERIES, KEYS) if masked else None
        with sdpa_kernel(backend), FlopCounter() as counter:
            out = scaled_dot_product_attention(query, key, value, attn_mask=mask)
            if backward:
                out.sum().backward()
        return counter.total

    products = 2 * 2 * ROWS * HEADS * QUERIES * KEYS * WIDTH
    expected = products * 3 if backward else products
    assert counted(SDPBackend.FLASH_ATTENTION) == counted(SDPBackend.MATH) == expected


@pytest.mark.parametrize("kind", ["encoder", "decoder", "seq2seq"])
@pytest.mark.parametrize("how", ["learning", "answering", "asked"])
def test_the_total_is_that_of_torch_s_counter(kind, how, request):
    """Operations that are made of others reach a counter whole where no gradient is taken."""
    model = AutoModel.from_pretrained(request.getfixturevalue(f"{kind}_folder"))
    tokens = {"input_ids": torch.tensor([[5, 9, 200, 31], [7, 8, 9, 10]])}
    if kind == "seq2seq":
        tokens["decoder_input_ids"] = torch.tensor([[5, 9], [7, 8]])
    gradient = {"learning": torch.enable_grad, "answering": torch.no_grad,
                "asked": torch.inference_mode}[how]
    theirs = FlopCounterMode(display=False, custom_mapping={
        ATTEND: attended, ATTEND_BACK: attended_back})
    with gradient():
        for counter in (theirs, ours := FlopCounter()):
            with counter:
                found = model(**tokens).last_hidden_state.square().sum()
                if how == "learning":
                    found.backward()
    assert ours.total == theirs.get_total_flops() > 0
