"""Words in any script, beside Python's own splitting and scikit-learn's terms."""

from collections import Counter
from itertools import chain, pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from harness.common import words
from harness.common.words import (
    letter_pairs,
    single_letters,
    split_words,
    symbols,
    terms,
    word_spans,
)

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=30)
LATIN = st.text(st.sampled_from("abcXYZ éñß 0123456789 .,-'\"!?\t\n"), max_size=60)
ANY = st.text(max_size=60)


@given(ANY)
def test_nothing_but_white_space_is_lost_and_splitting_again_changes_nothing(text):
    words = split_words(text)
    assert "".join(words) == "".join(text.split())
    assert split_words(" ".join(words)) == words
    flat = " ".join(text.split())
    spans = word_spans(flat)
    assert [flat[start:end] for start, end in spans] == words
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@given(LATIN)
def test_latin_words_are_those_between_white_space_and_terms_those_of_scikit_learn(text):
    assert split_words(text) == text.split()
    assert terms(text) == CountVectorizer().build_tokenizer()(text.lower())
    assert letter_pairs(text) == []


@given(HAN)
def test_han_words_are_signs_and_pairs_are_scikit_learn_s(text):
    assert split_words(text) == terms(text) == list(text)
    assert letter_pairs(text) == CountVectorizer(
        analyzer="char", ngram_range=(2, 2)).build_analyzer()(text)


@given(st.lists(st.one_of(HAN, LATIN), max_size=4).map("".join))
def test_no_letter_or_number_of_a_mixed_text_is_without_a_term(text):
    text = text.replace("'", " ")  # what an apostrophe cuts off is no word: "I'm"
    assert Counter(filter(str.isalnum, text.lower())) == Counter(
        filter(str.isalnum, "".join([*terms(text), *single_letters(text)])))


@pytest.mark.parametrize(("text", "expected"), [
    ("iPhone手机 15", ["iPhone", "手", "机", "15"]),
    ("東京。大阪", ["東", "京", "。", "大", "阪"]),
    ("サーバー", ["サ", "ー", "バ", "ー"]),
    ("ไม่รู้ ๑๕", ["ไ", "ม่", "รู้", "๑๕"]),
    ("ພາສາລາວ", list("ພາສາລາວ")),
    ("ភ្នំ", ["ភ្", "នំ"]),
    ("한국어는 쉽다", ["한국어는", "쉽다"]),
    ("Cao\u0303 ba\u0301nh", ["Cao\u0303", "ba\u0301nh"]),
    ("हिन्दी में", ["हिन्दी", "में"]),
    ("комп\u02bcютер", ["комп\u02bcютер"]),  # an apostrophe that Thai transcriptions have too
    ("", []), (" \n", []),
])
def test_words_by_script(text, expected):
    assert split_words(text) == expected


def test_marks_do_not_cut_words():
    assert terms("हिन्दी में, Cafe\u0301") == ["हिन्दी", "में", "café"]
    assert single_letters("I'm x, y (z) don’t; Ida's 'b' 5") == ["x", "y", "z", "b", "5"]
    assert symbols("good😀 + it, is ... 好❤️") == ["😀", "+", "...", "❤️"]
    assert letter_pairs("红塔 里昂，x的") == ["红塔", "里昂"]
    assert terms("Комп\u02bcютер") == ["комп\u02bcютер"]


ASCII = st.text(st.sampled_from("abXY_ 0123.,-'!?+\t\n"), max_size=40)


@given(ASCII)
def test_ascii_is_read_as_all_else(text):
    """Behind a letter of no ASCII the same text is read by the patterns of all scripts."""
    assert split_words(f"{text} é") == [*split_words(text), "é"]
    assert terms(f"{text} éé") == [*terms(text), "éé"]
    assert single_letters(f"{text} é") == [*single_letters(text), "é"]


def test_no_letter_of_these_scripts_stands_outside_of_their_blocks():
    """But modifier letters, which other scripts have too."""
    letters = regex.compile(rf"[[[{words._LETTERS}]&&[\p{{L}}\p{{Nl}}\p{{No}}]]"
                            rf"[[{words._MARKS}]&&\p{{M}}]]", regex.V1)
    signs = regex.compile(words.SIGN, regex.V1)
    every = "".join(map(chr, chain(range(0xD800), range(0xE000, 0x110000))))
    lost = set(letters.findall(every)) - set(signs.findall(every))
    assert "\u02bc" in lost
    assert max(lost) < "\u0300"
