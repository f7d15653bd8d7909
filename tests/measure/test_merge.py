"""What changed by merging, against statsmodels' McNemar."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from harness.measure.merge import sign_test

right = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(right)
def test_it_is_mcnemar_s_exact_test_where_answers_are_right_or_wrong(pairs):
    before, after = np.array(pairs, dtype=float).T
    better, worse, p_value = sign_test(before, after)
    table = [[np.sum((before == b) & (after == a)) for a in (1, 0)] for b in (1, 0)]
    assert (worse, better) == (table[0][1], table[1][0])
    assert p_value == pytest.approx(min(1.0, mcnemar(table, exact=True).pvalue))


def test_numbers_are_better_where_they_are_less_off():
    assert sign_test(np.array([-1.0, -2.0, -3.0]), np.array([-1.0, -1.0, -4.0]))[:2] == (1, 1)
    assert sign_test(np.array([0.5]), np.array([0.5])) == (0, 0, 1.0)
