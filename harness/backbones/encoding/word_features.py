"""Frozen states of the words of texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from harness.backbones.batches import by_length
from harness.backbones.encoding.encode import Encoded, collate, trial_items
from harness.backbones.encoding.features import BATCH, Encoder, Featurizer, key_of, token_means
from harness.backbones.encoding.padding import Padding, find_padding
from harness.backbones.encoding.word_tokens import WordTokens, at_words, word_tokens
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
    loaded = load_base(handle, device.type)
    cast_once(loaded.model)
    longest = min(max_length, loaded.window)

    def states(items: Sequence[Encoded], padding: Padding) -> torch.Tensor:
        batch = collate(loaded.tokenizer, items, padding, device.type)
        layers = loaded.model(**batch, output_hidden_states=True).hidden_states
        return torch.cat(layers[-LAYERS:], dim=-1)

    padding = find_padding(trial_items(loaded.tokenizer, longest), lambda items, side: token_means(
        states(items, side), items, side))

    def embed(items: Sequence[Item]) -> np.ndarray:
        tokens = word_tokens(loaded.tokenizer, items, longest)
        lengths = [len(one.encoded["input_ids"]) for one in tokens]
        found: dict[int, np.ndarray] = {}
        for indices in padding.cut(by_length(lengths, BATCH), lengths):
            some = [tokens[i] for i in indices]
            with torch.inference_mode(), device.autocast_context():
                read = at_words(states([one.encoded for one in some], padding), some, padding)
            found.update(zip(indices, (own.float().cpu().numpy() for own in read), strict=True))
        for place, item in enumerate(items):
            check_finite(found[place].reshape(1, -1), [item], "features")
        return np.concatenate([_every(found[i], one) for i, one in enumerate(tokens)])

    return embed


def _every(read: np.ndarray, tokens: WordTokens) -> np.ndarray:
    every = np.full((len(tokens.first), read.shape[1]), np.nan, dtype=np.float32)
    every[tokens.read] = read
    return every
