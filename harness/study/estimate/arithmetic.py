"""Floating-point operations of a pass through a model, from the model's shapes.

A linear layer of `in x out` weights takes 2 * in * out FLOPs a token forward. Backward takes as
much again for the gradient of its weights, where they learn, and as much for the gradient of its
input, where something below it learns. Attention takes 4 * width FLOPs for each pair of a token
and a key it is held against, twice that backward. All else (norms, softmax, optimizer) is left
out, as by torch's own counter. The count of Narayanan et al. (2021, Efficient Large-Scale Language
Model Training, appendix), kept apart by what learns.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from operator import add
from typing import Any

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from harness.backbones.blocks import first_learning, transformer_blocks
from harness.backbones.kernels.first_token import first_token_alone

LINEAR = (nn.Linear, Conv1D)


@dataclass(frozen=True)
class Reading:
    """What is read in some passes: sums, so that readings add up."""

    passes: float = 0.0
    tokens: float = 0.0
    """Positions that go through the blocks, padding included."""
    outputs: float = 0.0
    """Positions (of a decoder) or sequences (of an encoder) that go through the head."""
    pairs: float = 0.0
    """Position times key, summed."""
    keys: float = 0.0
    """Positions whose keys and values are held, those of a shared head once for every row."""

    def __add__(self, other: Reading) -> Reading:
        return Reading(*map(add, astuple(self), astuple(other)))

    def times(self, factor: float) -> Reading:
        """The same, so many times."""
        return Reading(*(number * factor for number in astuple(self)))


@dataclass(frozen=True)
class Flops:
    """FLOPs of one direction: a token in all blocks, an output in the head, a pair in all blocks.
    """

    token: float = 0.0
    output: float = 0.0
    pair: float = 0.0

    def of(self, reading: Reading) -> float:
        """FLOPs of what is read."""
        return (self.token * reading.tokens + self.output * reading.outputs
                + self.pair * reading.pairs)

    def __add__(self, other: Flops) -> Flops:
        return Flops(self.token + other.token, self.output + other.output, self.pair + other.pair)


@dataclass(frozen=True)
class Arithmetic:
    """Shapes of a model with what learns in it. Numbers of a model cut to few blocks grow
    linearly with its blocks."""

    forward: Flops
    backward: Flops
    parameters: float
    trainable: float
    below: Flops = Flops()
    """The forward part in blocks below the first of which something learns."""
    virtual_tokens: float = 0.0
    """Tokens that an adapter puts before every sequence."""
    virtual_keys: float = 0.0
    """Keys that an adapter puts before every sequence."""

    @property
    def training(self) -> Flops:
        """Forward and backward."""
        return self.forward + self.backward


def arithmetic_of(model: Any, last: nn.Module | None = None) -> Arithmetic:
    """The arithmetic of a model as it is: with its adapter, and with what learns in it. `last` is
    the block that is computed for the first token alone, where one is; what it does for that token
    counts as the head's, its attention not at all.

    Two tokens go through it, to see which layers are used and which inputs need gradients. Raises
    CannotRunError for a model without blocks.
    """
    blocks = list(transformer_blocks(model))
    inside = {id(module) for block in blocks for module in block.modules()}
    below = {id(module) for block in blocks[:first_learning(blocks)] for module in block.modules()}
    attended = 4.0 * _width(model.config)
    forward: list[Flops] = []
    backward: list[Flops] = []
    under: list[Flops] = []

    def ahead(module: Any, flops: Flops) -> None:
        forward.append(flops)
        if id(module) in below:
            under.append(flops)

    def linear(module: Any, inputs: Any, output: Any) -> None:
        size = 2.0 * module.weight.numel()
        share = size * (inputs[0].requires_grad + module.weight.requires_grad)
        within = id(module) in inside and inputs[0].shape[-2] > 1
        ahead(module, Flops(token=size) if within else Flops(output=size))
        backward.append(Flops(token=share) if within else Flops(output=share))

    def block(module: Any, inputs: Any, output: Any) -> None:
        hidden = output[0] if isinstance(output, tuple) else output
        if hidden.shape[-2] == 1:
            return
        ahead(module, Flops(pair=attended))
        backward.append(Flops(pair=2 * attended * hidden.requires_grad))

    hooks = [module.register_forward_hook(linear) for module in model.modules()
             if isinstance(module, LINEAR)]
    hooks += [module.register_forward_hook(block) for module in blocks]
    device = next(model.parameters()).device
    try:
        with first_token_alone(last):
            model(input_ids=torch.ones(1, 2, dtype=torch.long, device=device),
                  attention_mask=torch.ones(1, 2, dtype=torch.long, device=device))
    finally:
        for hook in hooks:
            hook.remove()
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return Arithmetic(sum(forward, Flops()), sum(backward, Flops()),
                      float(sum(n for n, _ in sizes)),
                      float(sum(n for n, learns in sizes if learns)), sum(under, Flops()),
                      *_virtual(model))


def _width(config: Any) -> int:
    """Width of all heads of an attention together."""
    heads = int(config.num_attention_heads)
    each = getattr(config, "head_dim", None) or config.hidden_size // heads
    return heads * int(each)


def _virtual(model: Any) -> tuple[float, float]:
    """Tokens and keys that a prompt-learning adapter adds to each sequence."""
    config: Any = getattr(model, "active_peft_config", None)
    if not getattr(config, "is_prompt_learning", False):
        return 0.0, 0.0
    count = float(config.num_virtual_tokens)
    return (0.0, count) if "PREFIX" in str(config.peft_type) else (count, 0.0)
