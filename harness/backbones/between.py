"""Weights on the way from an untouched model to the one that was tuned from it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from harness.backbones.blocks import classification_head
from harness.common.errors import CannotRunError


def take_back(tuned: nn.Module, untouched: nn.Module, share: float, headed: bool) -> None:
    """Give `tuned`, in place, the weights base + share * (tuned - base), in fp32 (WiSE-FT: Wortsman
    et al. 2022, Robust Fine-Tuning of Zero-Shot Models, section 3).

    A bias that tuning gave a layer is taken back towards zero. Where a model is `headed`, its head
    stays as it was tuned. Raises CannotRunError for any other weight that is not in both.
    """
    stays = {id(weight) for module in (classification_head(tuned) if headed else ())
             for weight in module.parameters()}
    base = dict(_weights(untouched))
    with torch.no_grad():
        for name, weight in _weights(tuned):
            if id(weight) not in stays:
                before = base[name] if name in base else _none_of(name, weight, untouched)
                if before.shape != weight.shape:
                    raise CannotRunError(f"{name} is of another size than in the untouched model")
                # Unlike the formula as it is written, this gives the tuned weight itself at 1.
                weight.copy_(torch.lerp(before, weight, share))


def _none_of(name: str, weight: Tensor, untouched: nn.Module) -> Tensor:
    """Zeros in the place of a weight that a layer of the untouched model has none of."""
    layer, _, kind = name.rpartition(".")
    place = dict(untouched.named_modules()).get(layer)
    if place is None or getattr(place, kind, weight) is not None:
        raise CannotRunError(f"the untouched model has no {name} to take weights back to")
    return torch.zeros_like(weight)


def _weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Every one once, also where two layers share it."""
    yield from model.named_parameters()
    yield from ((name, kept) for name, kept in model.named_buffers() if kept.is_floating_point())
