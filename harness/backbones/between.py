"""Weights on the way from an untouched model to the one that was tuned from it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from harness.backbones.blocks import classification_head


def take_back(tuned: nn.Module, untouched: nn.Module, share: float, headed: bool) -> None:
    """Give `tuned`, in place, the weights base + share * (tuned - base), in fp32 (WiSE-FT: Wortsman
    et al. 2022, Robust Fine-Tuning of Zero-Shot Models, section 3).

    A weight that the untouched model lacks, such as a bias that tuning gave a layer, is taken back
    towards zero. Where a model is `headed`, its head stays as it was tuned.
    """
    stays = {id(weight) for module in (classification_head(tuned) if headed else ())
             for weight in module.parameters()}
    base = dict(_weights(untouched))
    with torch.no_grad():
        for name, weight in _weights(tuned):
            if id(weight) not in stays:
                before = base[name] if name in base else torch.zeros_like(weight)
                # Unlike the formula as it is written, this gives the tuned weight itself at 1.
                weight.copy_(torch.lerp(before, weight, share))


def _weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Every one once, also where two layers share it."""
    yield from model.named_parameters()
    yield from ((name, kept) for name, kept in model.named_buffers() if kept.is_floating_point())
