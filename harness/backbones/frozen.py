"""What frozen weights make of an item, as their backbone was trained to be read."""

from __future__ import annotations

from harness.backbones.encoding.features import Encoder, Featurizer, key_of, pooled
from harness.backbones.encoding.pooling import MODES, Pooling, pool_of
from harness.backbones.handle import Handle
from harness.backbones.vectorizers import read_vectorizer, vectors_of
from harness.backbones.vision.features import picture_features
from harness.common.capabilities import reads_words
from harness.common.device import Device


def frozen(handle: Handle, max_length: int, device: Device, pooling: Pooling = "trained"
           ) -> Featurizer:
    """Of a text its states, pooled as the folder says or by the mean where it says nothing, or what
    another package's reader makes of it; of a picture what the model's own head would read."""
    if handle.reader is not None:
        return _read_elsewhere(handle, handle.reader, device)
    if not reads_words(handle.kind):
        return picture_features(handle, device)
    return pooled(handle, max_length, device, pool_of(handle.path, pooling) or MODES["mean"])


def _read_elsewhere(handle: Handle, reader: str, device: Device) -> Featurizer:
    """Of the whole of what is read of a text in words: of tokens its reader alone knows."""

    def connect() -> Encoder:
        model = read_vectorizer(reader, handle.path)
        return lambda items: vectors_of(model, [item.joined for item in items], reader)

    return Featurizer(key_of("vectors", handle, 0, device), connect)
