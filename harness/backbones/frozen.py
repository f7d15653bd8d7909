"""What frozen weights make of an item, as their backbone was trained to be read."""

from __future__ import annotations

from harness.backbones.encoding.features import Featurizer, pooled
from harness.backbones.encoding.pooling import MODES, Pooling, pool_of
from harness.backbones.handle import Handle
from harness.backbones.vision.features import picture_features
from harness.common.capabilities import reads_words
from harness.common.device import Device


def frozen(handle: Handle, max_length: int, device: Device, pooling: Pooling = "trained"
           ) -> Featurizer:
    """Of a text its states, pooled as the folder says or by the mean where it says nothing; of a
    picture what the model's own head would read."""
    if not reads_words(handle.kind):
        return picture_features(handle, device)
    return pooled(handle, max_length, device, pool_of(handle.path, pooling) or MODES["mean"])
