"""Texts cut in words: the same words for every method, nothing but the beginning."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.common.words import first_words, split_words
from harness.suite import Words
from harness.tasks.cut import GAP, both_ends, cut_item, cut_items, cut_splits, words_of
from harness.tasks.examples import Example
from harness.tasks.splits import Splits

ANY = st.text(max_size=80)
SPACED = st.text(st.sampled_from("ab 中ไ́\t\n\x1c\x85\u00a0\u2003.,"), max_size=60)


def item(text, pair=None):
    return Example("0123456789abcdef", text, pair, 1, "g", {"s": "v"})


@given(st.one_of(ANY, SPACED), st.integers(1, 12))
def test_the_cut_text_is_the_original_s_beginning_with_its_first_words(text, most):
    cut = first_words(text, most)
    assert text.startswith(cut)
    assert split_words(cut) == split_words(text)[:most]
    assert first_words(cut, most) == cut, "cutting again changes nothing"


@pytest.mark.parametrize(("text", "cut"), [
    ("one  two\tthree four", "one  two\tthree"),
    ("  one two three ", "  one two three "),
    ("日本語の文", "日本語"),
    ("one two 三四", "one two 三")])
def test_scripts_without_spaces_are_cut_by_their_letters_and_white_space_is_kept(text, cut):
    assert first_words(text, 3) == cut


@given(SPACED, st.integers(1, 14))
def test_of_both_ends_there_are_as_many_words_the_gap_among_them(text, most):
    words, cut = split_words(text), both_ends(text, most)
    kept = split_words(cut)
    assert len(kept) == min(len(words), most)
    assert both_ends(cut, most) == cut, "cutting again changes nothing"
    if len(words) <= most:
        assert cut == text
    elif most < 4:
        assert cut == first_words(text, most)
    else:
        head = most // 4
        assert kept[:head] == words[:head]
        assert kept[head] == GAP.strip()
        assert kept[head + 1:] == words[-(most - head - 1):]


def test_items_are_read_from_both_ends_where_the_budget_says_so():
    long = item("one two three four five six seven eight nine")
    assert cut_items([long], Words(8, "head+tail"))[0].text == "one two … five six seven eight nine"
    assert cut_items([long], Words(8))[0].text == "one two three four five six seven eight"


@given(ANY, ANY, st.integers(2, 12))
def test_of_a_pair_the_longer_text_gives_first(text, pair, most):
    own, other = len(split_words(text)), len(split_words(pair))
    cut = cut_item(item(text, pair), Words(most))
    kept, left = len(split_words(cut.text)), len(split_words(cut.pair))
    assert kept + left == min(own + other, most)
    assert kept == own or kept >= left
    assert left == other or left >= kept - 1, "the odd word is the first text's"
    assert words_of(cut) == kept + left


def test_an_item_stays_the_one_that_it_was():
    long = item("one two three four five six")
    splits = Splits((long,), (item("a b"),), (long,))
    cut = cut_splits(splits, Words(2))
    assert cut.train == (dataclasses.replace(long, text="one two"),)
    assert cut.validation == splits.validation
    assert cut.sha256 == splits.sha256
    assert cut_splits(splits, None) is splits
