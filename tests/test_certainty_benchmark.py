"""The benchmark of what minutes buy, on studies whose pairs are known."""

import math

from synthetic import drawn_study

from benchmarks.certainty import beside, table
from harness.report.published import publish

SKILLS = {"one": 1.5, "two": 1.5, "three": 1.5}


def of(items, skills=SKILLS):
    made, tables = drawn_study(skills, items=items)
    return publish(made, tables.__getitem__, {})


def test_four_times_the_items_find_half_the_difference():
    few, many = of(150), of(600)
    found = beside("s", few, many, (60.0, 61.0))
    assert found.pairs == 3
    assert found.methods == (4, 4)
    assert 0.25 < found.ratio < 0.65  # a half, but for the luck of two draws
    assert found.found[1] < found.found[0]
    assert "| s | 1.0 | 1.0 | 4 | 4 | 3 |" in table([found])


def test_only_methods_that_can_win_are_held_against_each_other():
    few = of(150, SKILLS | {"hopeless": -1.0})
    assert beside("s", few, few).pairs == 3
    assert beside("s", few, few).ratio == 1


def test_nothing_in_common_is_no_figure():
    found = beside("s", of(60), of(60, {"other": 1.0, "another": 1.1}))
    assert found.pairs == 0
    assert math.isnan(found.ratio)
