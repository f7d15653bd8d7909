"""What a budget is likely to tell apart, before there are results."""

import math

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from harness.check.power import DISAGREE
from harness.study.minutes.certainty import DRAWN, of_items, smallest
from harness.study.planning.plan import make_plan
from harness.suite import load_suite

variances = st.floats(1e-5, 1e-1)


@given(variances, st.integers(2, 20), st.integers(2, 20), st.floats(1.01, 10))
def test_more_draws_tell_more_and_more_methods_less(items, draws, methods, fewer):
    found = smallest(items, draws, methods, methods)
    near = 1.001  # quantiles are interpolated
    assert 0 < smallest(items, draws + 1, methods, methods) <= found * near
    assert found <= smallest(items, draws, methods, 1) * near
    assert smallest(items, draws, methods, 1) < smallest(items, draws, methods + 1, 1)
    assert smallest(items, 1, methods, 0) < smallest(items * fewer, 1, methods, 0)
    assert smallest(items, 1, methods, 0) < found


def test_one_draw_tells_nothing_where_draws_matter():
    assert smallest(1e-3, 1, 4, 2) == math.inf
    # Two methods: one comparison at 5%, found in 80%.
    assert smallest(1e-3, 1, 2, 0) == pytest.approx(
        (1.959964 + 0.841621) * math.sqrt(1e-3))


@pytest.mark.parametrize("draws", [2, 3, 6, 12])
def test_a_difference_of_that_size_is_found_in_four_of_five_studies(draws):
    """Studies are drawn: two methods of eight, whose difference has an error of its items, which is
    known, and of its draws, whose variance is the mean of all eight methods'."""
    rng, studies, items = np.random.default_rng(3), 20_000, 4e-4
    truth = smallest(items, draws, 8, 8)
    figures = rng.normal(0, DRAWN, (8, studies, draws))
    seen = truth + rng.normal(0, math.sqrt(items), studies) + figures[0].mean(axis=1) - figures[
        1].mean(axis=1)
    total = items + 2 * figures.var(axis=2, ddof=1).mean(axis=0) / draws
    freedom = 8 * (draws - 1) * 2 * (total / (total - items)) ** 2
    found = seen > t.ppf(1 - 0.025 / 28, freedom) * np.sqrt(total)
    assert found.mean() == pytest.approx(0.8, abs=0.03)


def test_items_of_a_group_are_worth_one_and_a_mean_over_classes_has_the_mean_of_theirs(suite_file,
                                                                                       device):
    plan = make_plan(load_suite(suite_file), device)
    test = plan.sample(plan.loaded.suite.budget).test
    by_class = {}
    for item in test:
        by_class.setdefault(item.label, []).append(item.group)
    worth = {label: len(groups) ** 2 / sum(groups.count(g) ** 2 for g in set(groups))
             for label, groups in by_class.items()}
    expected = DISAGREE * sum(1 / each for each in worth.values()) / len(worth) ** 2
    assert of_items(plan, 18) == pytest.approx(expected)
    value = yaml.safe_load(suite_file.read_text()) | {"decide": {"metric": "accuracy"}}
    suite_file.write_text(yaml.safe_dump(value))
    plan = make_plan(load_suite(suite_file), device)
    groups = [item.group for item in test]
    whole = len(groups) ** 2 / sum(groups.count(g) ** 2 for g in set(groups))
    assert of_items(plan, 18) == pytest.approx(DISAGREE / whole)
