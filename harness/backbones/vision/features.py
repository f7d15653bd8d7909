"""What a model's own classification head would read of a picture, with frozen weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from harness.backbones.blocks import classification_head
from harness.backbones.encoding.features import Encoder, Featurizer, encoder_of, key_of
from harness.backbones.handle import Handle
from harness.backbones.load import Loaded, load_classifier
from harness.common.device import Device
from harness.common.errors import CannotRunError
from harness.tasks.examples import Item


def picture_features(handle: Handle, device: Device) -> Featurizer:
    """The vector that the last layer of the head reads, [items, width] fp32: of a ViT the first
    token's state, of DINOv2 that and the mean of the patches', of a ResNet the mean over places,
    each behind the model's own last normalisation. A linear head on it is what fine-tuning puts
    there, so that features and tuned models differ in what learns alone."""

    def connect() -> Encoder:
        with torch.random.fork_rng():  # of a head that nothing asks
            loaded = load_classifier(handle, ("features", "features of another"), device.type,
                                     products=device.products)
        return _encoder(loaded, device)

    return Featurizer(key_of("head", handle, 0, device), connect)


def pooled_pictures(loaded: Loaded, items: Sequence[Item], device: Device) -> np.ndarray:
    """As `picture_features`, through a model as it is in memory, tuned or with an adapter."""
    loaded.model.eval()
    return _encoder(loaded, device)(items)


def _encoder(loaded: Loaded, device: Device) -> Encoder:
    def read(batch: Any) -> torch.Tensor:
        with what_is_read(loaded.model) as found:
            loaded.model(**batch)
        return found[-1]

    return encoder_of(loaded, read, lambda found, items, padding: found.float(), loaded.window,
                      device)


def last_layer(model: nn.Module) -> nn.Linear:
    """The head's last linear layer, beneath an adapter too. Raises CannotRunError where there is
    none."""
    inside: Any = getattr(model, "get_base_model", lambda: model)()
    found = [module for part in classification_head(inside) for module in part.modules()
             if isinstance(module, nn.Linear)]
    if not found:
        raise CannotRunError("its classification head does not end in a linear layer")
    return found[-1]


@contextmanager
def what_is_read(model: nn.Module) -> Iterator[list[torch.Tensor]]:
    """Within, what the head's last layer reads in each pass, [items, width], is added to a list."""
    found: list[torch.Tensor] = []

    def note(layer: nn.Module, given: Any) -> None:
        found.append(given[0].detach().flatten(1))

    hook = last_layer(model).register_forward_pre_hook(note)
    try:
        yield found
    finally:
        hook.remove()
