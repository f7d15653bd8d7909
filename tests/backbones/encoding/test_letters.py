"""Case end-token-in-text: a special token's name in a text of the data is letters."""

import pytest
from families import byte_pairs, unigrams, word_pieces
from hypothesis import given
from hypothesis import strategies as st
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

from harness.backbones.encoding.encode import encode
from harness.backbones.encoding.letters import as_letters
from harness.tasks.examples import Example


def wrapped(tokenizer):
    names = [tokenizer.id_to_token(i) for i in range(5)]
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=names[0],
                                   eos_token=names[1], pad_token=names[2], unk_token=names[3],
                                   mask_token=names[4])


TOKENIZERS = {"words": wrapped(word_pieces()), "bytes": wrapped(byte_pairs()),
              "unigrams": wrapped(unigrams()), "slow": ByT5Tokenizer()}


@pytest.mark.parametrize("kind", TOKENIZERS)
@given(data=st.data())
def test_no_text_spells_a_special_token(kind, data):
    """But the unknown one, and what a tokenizer puts around every text."""
    tokenizer = TOKENIZERS[kind]
    pieces = st.sampled_from([*tokenizer.all_special_tokens, "a", " ", "<", "s>", "/", "[", "]"])
    text = "".join(data.draw(st.lists(pieces, max_size=8)))
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    around = encode(tokenizer, [Example("0", "a", None, 0, "g", {})], 99)[0]["input_ids"]
    read = encode(tokenizer, [Example("0", f"a{text}", None, 0, "g", {})], 99)[0]["input_ids"]
    assert [i for i in read if i in special] == [i for i in around if i in special]


@pytest.mark.parametrize("kind", ["words", "bytes", "slow"])
def test_a_text_stays_as_it_is_where_splitting_is_enough(kind):
    tokenizer = TOKENIZERS[kind]
    text = " ".join(tokenizer.all_special_tokens)
    assert as_letters(tokenizer, [text, "plain"]) == [text, "plain"]


def test_a_name_among_a_vocabulary_s_pieces_is_parted():
    assert as_letters(TOKENIZERS["unigrams"], ["ends</s> here", "plain"]) == [
        "ends< /s> here", "plain"]
