"""The count of attention is the same, whichever kernel does it."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from harness.backbones.flops import flop_counter

ROWS, HEADS, QUERIES, KEYS, WIDTH = 2, 3, 17, 29, 8


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("backward", [False, True])
def test_the_fused_kernel_counts_as_its_products(masked, backward):
    def counted(backend):
        query, key, value = (torch.randn(ROWS, HEADS, n, WIDTH, requires_grad=backward)
                             for n in (QUERIES, KEYS, KEYS))
        mask = torch.zeros(ROWS, 1, QUERIES, KEYS) if masked else None
        with sdpa_kernel(backend), flop_counter() as counter:
            out = scaled_dot_product_attention(query, key, value, attn_mask=mask)
            if backward:
                out.sum().backward()
        return counter.get_total_flops()

    products = 2 * 2 * ROWS * HEADS * QUERIES * KEYS * WIDTH
    expected = products * 3 if backward else products
    assert counted(SDPBackend.FLASH_ATTENTION) == counted(SDPBackend.MATH) == expected
