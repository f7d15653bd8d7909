"""A model's classes matched by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.gate.labels import Reordered, match_labels

WANTED = {"Yes": ("1", "true"), "No": ("0", "false"), "Not sure": ("?",)}


@given(st.permutations(list(WANTED)))
def test_any_order_is_put_right(names):
    order = match_labels(names, WANTED, {})
    assert [names[column] for column in order] == list(WANTED)


@pytest.mark.parametrize(("names", "given_labels", "order"), [
    (["YES", " no", "not  SURE"], {}, (0, 1, 2)), (["?", "false", "true"], {}, (2, 1, 0)),
    (["LABEL_0", "LABEL_1", "LABEL_2"],
     {"LABEL_0": "No", "LABEL_1": "Yes", "LABEL_2": "Not sure"}, (1, 0, 2)),
    (["a", "b", "c"], {"0": "No", "1": "Yes", "2": "Not sure"}, (1, 0, 2)),
    (["No", "Yes", "Not sure"], {"No": "Yes", "Yes": "No"}, (0, 1, 2))])
def test_names_values_and_the_user_s_word(names, given_labels, order):
    assert match_labels(names, WANTED, given_labels) == order


@pytest.mark.parametrize(("names", "given_labels"), [
    (["LABEL_0", "LABEL_1", "LABEL_2"], {}), (["Yes", "No"], {}),
    (["Yes", "No", "Not sure", "Maybe"], {}), (["Yes", "true", "No"], {}),
    (["Yes", "No", "Not sure"], {"Yes": "Never"}), (["Yes", "No", "Not sure"], {"Yess": "Yes"}),
    (["a", "b", "c"], {"0": "No", "1": "No", "2": "Yes"})])
def test_what_does_not_match_stops(names, given_labels):
    with pytest.raises(HarnessError, match="classes"):
        match_labels(names, WANTED, given_labels)


@pytest.mark.parametrize("given_labels", [{}, {"u\u0308ber": "cafe\u0301", "caf\xe9": "\xfcber"}])
def test_names_in_another_unicode_form_or_with_a_decimal_point_match(given_labels):
    wanted = {"caf\xe9": ("1",), "\xfcber": ("0.0",)}
    swapped = bool(given_labels)
    assert match_labels(["\xfcber", "cafe\u0301"], wanted, given_labels) == (1 - swapped, swapped)
    assert match_labels(["0", "1.0"], wanted, {}) == (1, 0)


def test_columns_are_moved():
    class Model:
        def predict(self, examples, clock):
            return np.array([[0.1, 0.2, 0.7]])

    assert Reordered(Model(), (2, 0, 1)).predict([], Clock()).tolist() == [[0.7, 0.1, 0.2]]
