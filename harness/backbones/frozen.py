"""What frozen weights make of an item, as their backbone was trained to be read."""

from __future__ import annotations

from typing import Literal, cast, get_args

from harness.backbones.encoding.features import Encoder, Featurizer, key_of, pooled
from harness.backbones.encoding.pooling import MODES, Pooling, pool_of
from harness.backbones.handle import Handle
from harness.backbones.vectorizers import read_vectorizer, vectors_of
from harness.backbones.vision.compared import compared_pictures
from harness.backbones.vision.comparing import compares_texts
from harness.backbones.vision.features import picture_features
from harness.common.capabilities import reads_words
from harness.common.device import Device

Seen = Literal["trained", "head"]
"""Of a picture: as its model was trained to be read, or what the head reads that is put on it."""
Read = Literal[Pooling, Seen]
SEEN: tuple[Read, ...] = get_args(Seen)
HEAD: Read = "head"


def frozen(handle: Handle, max_length: int, device: Device, pooling: Read = "trained"
           ) -> Featurizer:
    """Of a text its states, pooled as the folder says or by the mean where it says nothing, or what
    another package's reader makes of it; of a picture what the model's own head would read, or the
    vector that is compared with texts where the model was trained for that."""
    if handle.reader is not None:
        return _read_elsewhere(handle, handle.reader, device)
    if reads_words(handle.kind):
        said = cast(Pooling, pooling)
        return pooled(handle, max_length, device, pool_of(handle.path, said) or MODES["mean"])
    compared = reads_compared(handle, pooling)
    return (compared_pictures if compared else picture_features)(handle, device)


def reads_compared(handle: Handle, pooling: Read) -> bool:
    """Whether what is read of a picture is the vector that is compared with texts."""
    return pooling != HEAD and compares_texts(handle.path)


def _read_elsewhere(handle: Handle, reader: str, device: Device) -> Featurizer:
    """Of the whole of what is read of a text in words: of tokens its reader alone knows."""

    def connect() -> Encoder:
        model = read_vectorizer(reader, handle.path)
        return lambda items: vectors_of(model, [item.joined for item in items], reader)

    return Featurizer(key_of("vectors", handle, 0, device), connect)
