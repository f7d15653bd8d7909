"""An encoder's last block for the one token that a classification head reads.

BERT's kin classify by the first token's state alone. Of the last block the other tokens need no
more than keys and values: its queries, its feed-forward layers and all that follows are computed
for the first token only. Of MiniLM's arithmetic in its blocks that leaves out an eighth, and the
logits stay what they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.bert.modeling_bert import eager_attention_forward

from harness.backbones.blocks import transformer_blocks
from harness.backbones.encoding.pooled import pooled_part
from harness.backbones.encoding.pooling import MODES
from harness.backbones.keys_and_values import CACHE
from harness.common.kernels import kernels_on

READ_FIRST = frozenset({"bert", "camembert", "electra", "ernie", "roberta", "xlm-roberta"})
"""Model types of transformers whose heads read the first token, and whose blocks are BERT's."""


def last_block(model: Any) -> nn.Module | None:
    """The block that `first_token_alone` may narrow; None where the model is of another type, its
    head reads more than the first token, or kernels are switched off."""
    pooled = pooled_part(model)
    reads_first = pooled is None or (pooled.pool == MODES["cls"] and not pooled.virtual)
    fits = kernels_on() and reads_first and model.config.model_type in READ_FIRST
    return transformer_blocks(model)[-1] if fits else None


@contextmanager
def first_token_alone(block: nn.Module | None) -> Iterator[None]:
    """Within, the block returns the first token's state, [rows, 1, width]."""
    if block is None:
        yield
        return
    block.forward = partial(_first, block, block.forward)
    try:
        yield
    finally:
        del block.forward


def _first(block: Any, whole: Any, hidden: torch.Tensor, mask: torch.Tensor | None = None,
           *rest: Any, **more: Any) -> torch.Tensor:
    if more.get(CACHE) is not None:  # a prefix that an adapter learned
        states: torch.Tensor = whole(hidden, mask, *rest, **more)
        return states
    attention = block.attention.self
    rows, first = len(hidden), hidden[:, :1]

    def heads(projected: torch.Tensor) -> torch.Tensor:
        return projected.view(rows, -1, attention.num_attention_heads,
                              attention.attention_head_size).transpose(1, 2)

    attend = ALL_ATTENTION_FUNCTIONS.get_interface(attention.config._attn_implementation,
                                                   eager_attention_forward)
    attended, _ = attend(attention, heads(attention.query(first)), heads(attention.key(hidden)),
                         heads(attention.value(hidden)),
                         None if mask is None else mask[..., :1, :],
                         dropout=attention.dropout.p if attention.training else 0.0,
                         scaling=attention.scaling)
    stated = block.attention.output(attended.reshape(rows, 1, -1), first)
    out: torch.Tensor = block.feed_forward_chunk(stated)
    return out
