"""Ranks of methods over suites."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.common.errors import HarnessError
from harness.compare.over_suites import critical_difference, over_suites
from harness.report.ranks import WIDTH, drawn, ranks_page, sentences


def summary(figures, told=(), metric="macro_f1"):
    """A summary of methods with these figures, of which the pairs `told` are told apart."""
    rows = [SimpleNamespace(name=name, standing="best", common={} if value is None else
                            {metric: SimpleNamespace(mean=value)})
            for name, value in figures.items()]
    pairs = [SimpleNamespace(first=a, second=b, differences={metric: SimpleNamespace(
                 difference=figures[a] - figures[b], adjusted=0.001 if (a, b) in told else 0.4)})
             for a, b in combinations([n for n, v in figures.items() if v is not None], 2)]
    return SimpleNamespace(metric=metric, rows=rows, pairs=pairs)


def test_a_rank_is_known_as_far_as_differences_are():
    one = summary({"a": 0.9, "b": 0.8, "c": 0.2}, told=[("a", "c"), ("b", "c")])
    other = summary({"a": 0.5, "b": 0.6, "c": 0.1})
    found = over_suites({"one": one, "other": other})
    by_name = {method.name: method for method in found.methods}
    a, c = by_name["a"], by_name["c"]
    # In `one` a is above c and may be second to b; in `other` nothing is told apart.
    assert [(p.rank, p.low, p.high) for p in a.places] == [(1, 1, 2), (2, 1, 3)]
    assert [(p.rank, p.low, p.high) for p in c.places] == [(3, 3, 3), (3, 1, 3)]
    assert (a.mean, a.low, a.high) == (1.5, 1.0, 2.5)
    assert found.p_value is None
    assert "Of other suites nothing" in " ".join(sentences(found))


def test_equals_share_a_rank_and_what_a_suite_lacks_is_left_out():
    found = over_suites({
        "one": summary({"a": 0.5, "b": 0.5, "c": 0.1, "d": 0.9}),
        "two": summary({"a": 0.5, "b": 0.5, "c": 0.1, "d": None})})
    assert [m.places[0].rank for m in found.methods] == [1.5, 1.5, 3]
    assert found.left_out == ("d",)
    with pytest.raises(HarnessError, match="1 methods in common"):
        over_suites({"one": summary({"a": 1.0, "b": 0.0}), "two": summary({"a": 1.0, "c": 0.0})})


def test_critical_difference_is_that_of_the_paper():
    """Demšar 2006, section 3.2.2: four classifiers on fourteen data sets, q = 2.569, CD = 1.25."""
    assert critical_difference(4, 14) == pytest.approx(2.569 * np.sqrt(20 / 84), abs=1e-3)


@pytest.mark.filterwarnings("error")
def test_friedman_by_its_formula():
    figures = [(0.9, 0.5, 0.1), (0.8, 0.6, 0.2), (0.7, 0.8, 0.3), (0.9, 0.2, 0.1)]
    found = over_suites({str(i): summary(dict(zip("abc", row, strict=True)))
                         for i, row in enumerate(figures)})
    ranks = np.array([[1, 2, 3], [1, 2, 3], [2, 1, 3], [1, 2, 3]])
    # 12 N / (k (k + 1)) (sum of squared mean ranks - k (k + 1)^2 / 4), chi squared with 2 degrees.
    statistic = 12 * 4 / 12 * ((ranks.mean(axis=0) ** 2).sum() - 12)
    assert found.p_value == pytest.approx(np.exp(-statistic / 2))
    alike = over_suites({str(i): summary({"a": 0.5, "b": 0.5, "c": 0.5}) for i in range(4)})
    assert alike.p_value == 1, "of nothing but ties there is no statistic, and nothing to tell"


@given(st.integers(2, 6), st.integers(2, 4), st.randoms(use_true_random=False))
def test_sets_hold_the_true_ranks_where_all_tests_are_right(methods, suites, random):
    studies, truth = {}, {}
    for suite in range(suites):
        names = [f"m{i}" for i in range(methods)]
        true = dict(zip(names, random.sample(range(100), methods), strict=True))
        told = {pair for pair in combinations(names, 2) if random.random() < 0.5}
        studies[str(suite)] = summary(true, told)
        truth[suite] = sorted(names, key=lambda name: -true[name])
    for method in over_suites(studies).methods:
        for suite, place in enumerate(method.places):
            assert place.low <= 1 + truth[suite].index(method.name) <= place.high
        assert method.low <= method.mean <= method.high


def test_drawn_and_escaped():
    found = over_suites({"<b>x": summary({"<i>a": 0.9, "b": 0.2}, told=[("<i>a", "b")]),
                         "y": summary({"<i>a": 0.8, "b": 0.1}, told=[("<i>a", "b")])})
    assert drawn(found.methods[0], 2) == "●" + " " * (WIDTH - 1)
    page = ranks_page(found)
    assert "<b>x" not in page
    assert "<i>a" not in page
    assert "&lt;i&gt;a" in page
    assert "All others rank lower" in sentences(found)[0]
