"""Which token stands for a word, whatever the tokenizer."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizer_kinds import MADE, tokenizer_of

from harness.backbones.encoding.encode import encode
from harness.backbones.encoding.padding import Padding
from harness.backbones.encoding.word_tokens import CUT, WordTokens, at_words, word_tokens
from harness.common.errors import CannotRunError
from harness.common.words import pieces
from harness.tasks.examples import Item

TEXTS = st.lists(st.sampled_from(["apple", "iron,", "(old)", "n1.5", "</s>", "<|turn|>", "RED",
                                  "a-b", "  ", "\n", "x"]), min_size=1, max_size=8).map(" ".join)


@pytest.mark.parametrize("kind", MADE)
@given(text=TEXTS)
def test_a_words_token_is_the_first_that_has_a_part_of_it(kind, text):
    """Held against each word's own letters: tokens before it end before it begins."""
    tokenizer = tokenizer_of(kind)
    item = Item("", text, None)
    one, = word_tokens(tokenizer, [item], 1000)
    assert one.encoded == encode(tokenizer, [item], 1000)[0]
    places = pieces(text)
    assert len(one.first) == len(places)
    read = one.first[one.read]
    assert (np.diff(read) >= 0).all()
    ids = one.encoded["input_ids"]
    for word, (start, end) in enumerate(places):
        if one.first[word] == CUT:
            continue
        said = tokenizer.convert_ids_to_tokens(ids[one.first[word]])
        letters = text[start:end].lower()
        bare = said.lower().replace("▁", "").replace("ġ", "").replace("##", "").replace("ċ", "")
        assert bare == "" or said == "<unk>" or bare[0] in letters or letters[0] in bare


@pytest.mark.parametrize("kind", MADE)
def test_every_word_of_plain_letters_has_a_token_of_its_own_letters(kind):
    text = "apple iron pear and some very old zinc"
    tokenizer = tokenizer_of(kind)
    one, = word_tokens(tokenizer, [Item("", text, None)], 1000)
    assert len(one.read) == 8
    if kind != "Llama 2":  # whose merges go across spaces
        assert len(set(one.first)) == 8
    ids = one.encoded["input_ids"]
    firsts = [tokenizer.decode([ids[place]]).strip() for place in one.first]
    if kind in ("byte BPE", "WordPiece", "Unigram"):
        assert all(word.startswith(first) for word, first in
                   zip(text.split(), firsts, strict=True)), firsts


def test_words_that_are_cut_off_have_none():
    tokenizer = tokenizer_of("WordPiece")
    text = " ".join(["apple"] * 50)
    one, = word_tokens(tokenizer, [Item("", text, None)], 12)
    assert len(one.encoded["input_ids"]) == 12
    assert 0 < len(one.read) < 50
    assert (one.first[len(one.read):] == CUT).all()


def test_a_slow_tokenizer_is_refused_and_nothing_is_nothing():
    with pytest.raises(CannotRunError, match="does not tell where tokens stand"):
        word_tokens(tokenizer_of("single bytes"), [Item("", "a", None)], 9)
    assert word_tokens(tokenizer_of("WordPiece"), [], 9) == []


@pytest.mark.parametrize("padding", [Padding.LEFT, Padding.RIGHT])
def test_states_are_those_of_the_words_whichever_side_is_padded(padding):
    some = [WordTokens({"input_ids": [1] * length}, np.array(first, dtype=int))
            for length, first in ((4, [1, CUT, 3]), (2, [0]), (3, []))]
    states = torch.full((3, 4, 1), -1.0)
    for row, one in enumerate(some):
        length = len(one.encoded["input_ids"])
        places = torch.arange(length) + (4 - length if padding is Padding.LEFT else 0)
        states[row, places, 0] = torch.arange(length).float()
    found = at_words(states, some, padding)
    assert [own.flatten().tolist() for own in found] == [[1.0, 3.0], [0.0], []]
