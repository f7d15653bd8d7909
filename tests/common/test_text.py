"""When texts and values are the same."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.common.text import blank, folded, value_key

TEXT = st.text(st.one_of(st.characters(), st.sampled_from(
    "éÉe\u0301ß\u1e9e\u0345\u03b1Ǆ\u212b\u2126ﬁ\u200b\ufeff\xad\u034f \u3000\xa0İı")), max_size=12)


@given(TEXT)
@example("ΐ")
@example("\u1fb3\u0345")
def test_canonical_equivalents_fold_to_one_text_and_folding_again_changes_nothing(text):
    for form in ("NFC", "NFD"):
        other = unicodedata.normalize(form, text)
        assert folded(other) == folded(text)
        assert value_key(other) == value_key(text)
    assert folded(folded(text)) == folded(text)
    assert value_key(value_key(text)) == value_key(text)


def test_every_character_folds_as_the_standard_says():
    """NFD before and after (D145), which is slow for all texts."""
    for point in range(0x80, 0x110000):
        sign = chr(point)
        if unicodedata.decomposition(sign) or sign.casefold() != sign or point == 0x345:
            for text in (f"\u0301{sign}\u0301", f"\u03b1{sign}\u0314", f"a\u0345{sign}"):
                apart = unicodedata.normalize("NFD", text)
                once = unicodedata.normalize("NFD", apart.casefold())
                assert unicodedata.normalize("NFD", folded(text)) == " ".join(once.split()), text


@given(TEXT)
def test_case_and_white_space_fold_and_letters_stay_apart(text):
    assert folded(f"  {text}\t") == folded(text)
    assert folded(f"{text} A") == folded(f"{text}\n a")
    assert folded(text + "a") != folded(text + "b")


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_is_folded_as_before(text):
    assert folded(text) == " ".join(text.casefold().split())


@pytest.mark.parametrize(("one", "other"), [
    ("Stra\xdfe", "STRASSE"), ("caf\xe9", "CAFE\u0301"), ("\u212b", "\xe5")])
def test_what_folds_to_one(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [
    ("\uff21", "A"), ("²", "2"), ("می\u200cخواهم", "میخواهم"), ("e", "é")])
def test_what_looks_otherwise_stays_apart(one, other):
    assert folded(one) != folded(other)


@pytest.mark.parametrize("text", ["", " \t\n", "\u200b\ufeff\xa0", "\x00\x1b", "\u200d", "\u0301",
                                  "\u3164", "\u2800", "\u202e \u2066", "\ufe0f"])
def test_what_nobody_can_see_is_blank(text):
    assert blank(text)


@given(TEXT, st.sampled_from("a1.東ก😀¤\ufffd"))
def test_a_sign_that_shows_is_not_blank(text, sign):
    assert not blank(text + sign)


@given(st.integers(-10**15, 10**15), st.integers(1, 3))
def test_whole_numbers_are_one_value_with_a_decimal_point_or_without(number, zeros):
    assert value_key(f" {number}.{'0' * zeros}") == value_key(str(number)) == str(number)


@pytest.mark.parametrize(("one", "other"), [
    ("007", "7"), ("1.10", "1.1"), ("1.5", "1"), ("0.0.0", "0"), ("1.0a", "1a"), ("+1", "1"),
    ("\u0661.0", "1"), ("A", "a")])
def test_other_names_are_other_values(one, other):
    assert value_key(one) != value_key(other)


@pytest.mark.parametrize("cell", ["a\u200bb", "\ufeffab", "a\xadb", "ab \u2060", " ab\xa0"])
def test_a_sign_that_shows_nothing_makes_no_other_value(cell):
    assert value_key(cell) == "ab"


def test_zero_has_no_sign():
    assert value_key("-0.0") == "0"
