"""Signs between several classes, told from signs that are part of a name."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.tasks.separators import Separator, find_separator


def test_a_separator_is_found_where_it_makes_fewer_values():
    assert find_separator({"a; b": 5, "a": 2, "b;a;c": 1, "c": 1}) == Separator(";", 6 / 9, True)
    assert find_separator({"yes, surely": 5, "no, never": 5}) is None
    assert find_separator({"": 90, "a|b": 3, "b|a": 1, "a": 1}) == Separator("|", 0.8, True)
    assert find_separator({"a": 9, "b": 9}) is None
    assert find_separator({"": 3}) is None
    assert find_separator({"a;b": 3, "a": 1, "b": 1}, ()) is None


@pytest.mark.parametrize("labels", [
    [f"2024/{month:02}/{day:02}" for month in (1, 2) for day in (1, 2, 3)],
    [f"{day:02}/{month:02}/2024" for month in (1, 2) for day in (1, 2, 3)],
    [f"{place}, {colour}" for place in ("Berg", "Tal", "See") for colour in ("rot", "blau")],
    ["Sport/Film", "Sport/News", "Sport", "Arts/Film", "Arts/News", "Arts", "Arts/News/Film"],
])
def test_a_sign_in_names_is_told_and_not_taken(labels):
    """Case labels-with-slash: dates and names with a comma; topics within topics beside them."""
    found = find_separator(dict.fromkeys(labels, 20))
    assert found is not None
    assert found.share > 0.5
    assert not found.separates


@given(st.integers(0, 10**6), st.sampled_from(";|,/"), st.booleans())
def test_sets_of_classes_are_found_in_any_order_and_in_that_of_names(seed, sign, ordered):
    rng = random.Random(seed)
    labels = {}
    for _ in range(200):
        some = rng.sample("abcdefgh", rng.choice((1, 2, 2, 3)))
        label = sign.join(sorted(some) if ordered else some)
        labels[label] = labels.get(label, 0) + 1
    found = find_separator(labels)
    assert found is not None
    assert (found.sign, found.separates) == (sign, found.share > 0.5)
    assert found.share > 0.5
