"""Weights in four or eight bits, by bitsandbytes: nf4 with its scales quantised again (Dettmers et
al. 2023, QLoRA), and vector-wise int8 (Dettmers et al. 2022, LLM.int8()).

They are held so and read so: products are made in the type that a pass computes in, of weights that
are made whole again layer by layer. LLM.int8()'s threshold for outliers is off: which columns it
takes out hangs on the other items of a batch, and a figure is of an item.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BitsAndBytesConfig

from harness.backbones.held import matrices
from harness.common.kinds import Quantize
from harness.common.late import let_in


def quantising(quantize: Quantize, empty: Any) -> BitsAndBytesConfig:
    """How transformers quantises a model, of which `empty` is a copy without weights, while it
    reads it: the matrices below the head that would be rounded otherwise, and nothing else."""
    let_in()
    head = empty.get_output_embeddings()
    taken = {id(layer) for layer in matrices(empty) if layer is not head}
    skipped = [name for name, layer in empty.named_modules()
               if isinstance(layer, nn.Linear) and id(layer) not in taken]
    # An empty list would be read as none: transformers would choose by itself.
    skip = {"llm_int8_skip_modules": skipped or ["no such layer"]}
    if quantize == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_threshold=0.0, **skip)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type=quantize,
                              bnb_4bit_use_double_quant=True, **skip)


def settle(model: nn.Module) -> None:
    """Let layers compute in the type of the pass, by the same weights in training and answering.

    On a CPU with AVX512-BF16, bitsandbytes 0.50 packs a layer's weights when it first answers, and
    rounds their scales to bf16 for good: no gradient would pass through it from then on.
    """
    from bitsandbytes.nn import Linear4bit

    for layer in model.modules():
        if isinstance(layer, Linear4bit):
            layer.support_avx512bf16_for_cpu = False
            layer.compute_dtype, layer.compute_type_is_set = None, True
            layer.register_forward_pre_hook(_as_autocast)


def _as_autocast(layer: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """What autocast does before a product, and not before an operation that it does not know."""
    x, *rest = given
    kind = x.device.type
    if torch.is_autocast_enabled(kind):
        x = x.to(torch.get_autocast_dtype(kind))
    return x, *rest


def held_in(model: nn.Module) -> dict[str, int]:
    """How many of a model's weights are held in a type."""
    counts: Counter[str] = Counter()
    for parameter in model.parameters():
        name, count = weights_of(parameter)
        counts[name] += count
    return dict(sorted(counts.items()))


def weights_of(parameter: nn.Parameter) -> tuple[str, int]:
    """The type that a parameter's weights are held in, by torch's name or bitsandbytes', and how
    many they are: two lie in a byte of nf4."""
    state = getattr(parameter, "quant_state", None)
    if state is not None:
        return str(state.quant_type), math.prod(state.shape)
    return str(parameter.dtype).removeprefix("torch."), parameter.numel()
