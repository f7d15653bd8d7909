"""Which token of a text stands for each of its words: where a head that says something of each word
reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from harness.backbones.batches import by_length
from harness.backbones.encoding.encode import Encoded, encode, trial_items
from harness.backbones.encoding.features import BATCH, token_means
from harness.backbones.encoding.letters import as_letters
from harness.backbones.encoding.padding import Padding, find_padding
from harness.common.device import Device
from harness.common.errors import CannotRunError
from harness.common.words import pieces
from harness.tasks.examples import Item

CUT = -1
"""The place of a word that is cut off, or that has no token."""


@dataclass(frozen=True)
class WordTokens:
    """A text as tokens, and the place of the first one of each of its words, [words]: as BERT's
    tagger reads them (Devlin et al. 2019, section 5.3)."""

    encoded: Encoded
    first: np.ndarray

    @property
    def read(self) -> np.ndarray:
        """The words that have a token, by number."""
        return np.flatnonzero(self.first != CUT)


def word_tokens(tokenizer: PreTrainedTokenizerBase, items: Sequence[Item], max_length: int
                ) -> list[WordTokens]:
    """Each item's text, at most `max_length` tokens with special ones, as `encode` has it.

    Raises CannotRunError for a tokenizer that does not tell where its tokens stand.
    """
    if not tokenizer.is_fast:
        raise CannotRunError("its tokenizer does not tell where tokens stand in a text, so no head "
                             "can say something of each word",
                             "Name a model with a fast tokenizer (tokenizer.json).")
    if not items:
        return []
    encoded = encode(tokenizer, items, max_length)
    texts = as_letters(tokenizer, [item.text for item in items])
    told: Any = tokenizer(texts, split_special_tokens=True, verbose=False, truncation=True,
                          max_length=max_length, return_offsets_mapping=True)
    return [WordTokens(tokens, _firsts(item.text, text, told["offset_mapping"][i]))
            for i, (tokens, item, text) in enumerate(zip(encoded, items, texts, strict=True))]


def at_words(states: torch.Tensor, tokens: Sequence[WordTokens], padding: Padding
             ) -> list[torch.Tensor]:
    """Of each text of a padded batch the states of the words that are read, [words, width], from
    those of all tokens, [texts, longest, width]."""
    longest = states.shape[1]
    found = []
    for row, one in zip(states, tokens, strict=True):
        length = len(one.encoded["input_ids"])
        before = longest - length if padding is Padding.LEFT else 0
        found.append(row[torch.from_numpy(before + one.first[one.read]).to(row.device)])
    return found


States = Callable[[Sequence[Encoded], Padding], torch.Tensor]
"""Of all tokens of a padded batch, [texts, longest, width]."""


def padding_of(states: States, tokenizer: PreTrainedTokenizerBase, longest: int) -> Padding:
    """How batches are padded so that each text's states are its own: see `find_padding`."""
    return find_padding(trial_items(tokenizer, longest), lambda items, side: token_means(
        states(items, side), items, side))


def read_words(states: States, encoded: Sequence[Encoded], tokens: Sequence[WordTokens],
               padding: Padding, device: Device) -> list[np.ndarray]:
    """Of each text the states of the words that are read, [words, width] fp32. `encoded` is what
    the model is given of the texts, `tokens` where their words stand."""
    found: dict[int, np.ndarray] = {}
    lengths = [len(item["input_ids"]) for item in encoded]
    for indices in padding.cut(by_length(lengths, BATCH), lengths):
        with torch.inference_mode(), device.autocast_context():
            read = at_words(states([encoded[i] for i in indices], padding),
                            [tokens[i] for i in indices], padding)
        found.update(zip(indices, (own.float().cpu().numpy() for own in read), strict=True))
    return [found[i] for i in range(len(encoded))]


def _firsts(text: str, read: str, offsets: Sequence[tuple[int, int]]) -> np.ndarray:
    """For each word of a text the first token that has a part of it. `read` is the text with spaces
    in what would be read as a special token: its places are counted back."""
    shift = _shifts(text, read)
    words = pieces(text)
    starts = np.array([start for start, _ in words])
    first = np.full(len(words), CUT)
    for token, (begin, end) in enumerate(offsets):
        if end <= begin:  # a special token
            continue
        begin, end = begin - shift[begin], end - shift[end]
        # The last word that begins before the token ends; a token of white space alone has none.
        last = int(np.searchsorted(starts, end, side="left")) - 1
        for word in range(last, -1, -1):
            if words[word][1] <= begin:
                break
            if first[word] == CUT:
                first[word] = token
    return first


def _shifts(text: str, read: str) -> np.ndarray:
    """How many spaces were put in before each place of `read`, [characters + 1]."""
    shifts = np.zeros(len(read) + 1, dtype=int)
    if text == read:
        return shifts
    place = 0
    for at, sign in enumerate(read):
        if place < len(text) and sign == text[place]:
            place += 1
        shifts[at + 1] = at + 1 - place
    return shifts
