"""Frozen states of the words of texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from harness.backbones.encoding.encode import Encoded, collate
from harness.backbones.encoding.features import Encoder, Featurizer, key_of
from harness.backbones.encoding.padding import Padding
from harness.backbones.encoding.word_tokens import (
    WordTokens,
    padding_of,
    read_words,
    word_tokens,
)
from harness.backbones.finite import check_finite
from harness.backbones.handle import Handle
from harness.backbones.kernels.casts import cast_once
from harness.backbones.load import load_base
from harness.common.device import Device
from harness.tasks.examples import Item

LAYERS = 4
"""Whose states a word is told by."""


def word_states(handle: Handle, max_length: int, device: Device) -> Featurizer:
    """The hidden states of the backbone's last four layers at the first token of each word, beside
    each other, [words, width] fp32, one text's behind the other's, NaN for words that it does not
    read: the feature-based approach of Devlin et al. 2019, section 5.3, table 7."""
    return Featurizer(key_of("words", handle, max_length, device),
                      lambda: _connect(handle, max_length, device), of_words=True)


def _connect(handle: Handle, max_length: int, device: Device) -> Encoder:
    loaded = load_base(handle, device.type, device.products)
    cast_once(loaded.model)
    longest = min(max_length, loaded.window)

    def states(items: Sequence[Encoded], padding: Padding) -> torch.Tensor:
        batch = collate(loaded.tokenizer, items, padding, device.type)
        layers = loaded.model(**batch, output_hidden_states=True).hidden_states
        return torch.cat(layers[-LAYERS:], dim=-1)

    padding = padding_of(states, loaded.tokenizer, longest)

    def embed(items: Sequence[Item]) -> np.ndarray:
        tokens = word_tokens(loaded.tokenizer, items, longest)
        found = read_words(states, [one.encoded for one in tokens], tokens, padding, device)
        for own, item in zip(found, items, strict=True):
            check_finite(own.reshape(1, -1), [item], "features")
        return np.concatenate([_every(*each) for each in zip(found, tokens, strict=True)])

    return embed


def _every(read: np.ndarray, tokens: WordTokens) -> np.ndarray:
    every = np.full((len(tokens.first), read.shape[1]), np.nan, dtype=np.float32)
    every[tokens.read] = read
    return every
