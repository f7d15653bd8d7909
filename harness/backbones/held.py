"""In which type weights are held: matrices that nothing but products read as products read them.

Under autocast a product rounds its fp32 matrix first, so that holding it rounded gives the same
bits for half the memory. What learns, embeddings, norms, biases and heads stay in fp32.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import ref

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from transformers.pytorch_utils import Conv1D

from harness.backbones.blocks import linear_layers

POOLER = "pooler"
"""A part of a backbone that is drawn at random where a file lacks it, and learns then."""


class RoundedForward:
    """What a layer with a rounded weight does in the place of its `forward`; outside autocast in
    fp32. The layer's class stays as it was, since some tuners take no other."""

    def __init__(self, layer: nn.Module) -> None:
        # Weakly: a model that held itself would stay in memory when nobody else holds it.
        self._layer = ref(layer)

    def __call__(self, x: Tensor) -> Tensor:
        layer: Any = self._layer()
        # GPT-2's weights lie the other way round.
        weight = layer.weight.t() if isinstance(layer, Conv1D) else layer.weight
        if torch.is_autocast_enabled(x.device.type):
            return linear(x, weight, layer.bias)
        return linear(x.float(), weight.float(), layer.bias)

    def __deepcopy__(self, copied: dict[int, Any]) -> RoundedForward:
        return RoundedForward(copied[id(self._layer())])


def made_to_hold(made: type[Any], products: torch.dtype) -> type[Any]:
    """A class of models that reads its matrices from a file straight into the products' type: fp32
    is never in memory. What comes of it is `made`'s again by `as_made`."""

    def begin(self: Any, *args: Any, **options: Any) -> None:
        made.__init__(self, *args, **options)
        # transformers reads a tensor into the type that the empty model has for it.
        for layer in matrices(self):
            layer.weight = nn.Parameter(layer.weight.to(products), requires_grad=False)
            layer.forward = RoundedForward(layer)

    members = {"__init__": begin, "__module__": made.__module__, "__qualname__": made.__qualname__}
    return type(made.__name__, (made,), members)


def as_made(model: Any, made: type[Any]) -> None:
    """Give a model its own class back."""
    model.__class__ = made


def hold(model: Any, products: torch.dtype) -> None:
    """Round the matrices that do not learn, in place, to the products' type; those that were read
    rounded do not."""
    if products == torch.float32:
        return
    for layer in matrices(model):
        weight = layer.weight
        if weight.dtype == products or not weight.requires_grad:
            weight.requires_grad_(False)
            weight.data = weight.data.to(products)
            layer.forward = RoundedForward(layer)


def looked_up(model: Any) -> Any:
    """The weight of the table in which tokens are looked up; None where there is no such table."""
    try:
        return getattr(model.get_input_embeddings(), "weight", None)
    except NotImplementedError:  # transformers' answer of models that read no tokens
        return None


def matrices(model: Any) -> Iterator[Any]:
    """Layers whose weight only products read: of the backbone below a head, and the head with
    which a language model answers where it is not the embedding too."""
    table = looked_up(model)
    layers = {name: layer for name, layer in linear_layers(model).items()
              if POOLER not in name.split(".")}
    answers = model.get_output_embeddings()
    tied = getattr(model.config.get_text_config(), "tie_word_embeddings", False)
    if answers is not None and not tied:
        layers[""] = answers
    return (layer for layer in layers.values()
            if type(layer) in (nn.Linear, Conv1D) and layer.weight is not table)
