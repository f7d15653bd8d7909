"""What weights cost is said before anything runs."""

from dataclasses import replace

import numpy as np
import pytest

from harness.check.power import check_power
from harness.check.weights import check_weights
from harness.tasks.examples import Example
from harness.tasks.splits import Splits
from harness.tasks.spread import spread_of, spreads


def part(weights, group=2):
    return tuple(Example(f"{i:016x}", f"text {i}", None, i % 2, f"g{i // group}", {}, weight=w)
                 for i, w in enumerate(weights))


def test_items_that_count_alike_cost_nothing():
    assert not list(check_weights(Splits((), (), part([1.0] * 20))))


def test_the_design_effect_is_named_with_the_items_and_groups_that_are_left():
    weights = np.r_[np.full(30, 0.5), np.full(10, 2.5)]
    (found,) = check_weights(Splits((), (), part(weights)))
    # One plus the squared coefficient of variation of the weights (Kish 1992).
    effect = 1 + weights.std() ** 2
    assert (found.severity, found.count) == ("note", 40)
    assert f"worth {40 / effect:.0f} items (design effect {effect:.2f})" in found.found
    assert "the 40 test items of 20 groups by 0.5 to 2.5" in found.found
    of_test, of_validation = check_weights(Splits((), part(weights), part(weights)))
    assert of_test == found
    assert of_validation.found == found.found.replace("test", "validation")


def test_power_is_that_of_the_items_and_groups_that_weights_leave():
    weights = np.r_[np.full(300, 0.5), np.full(100, 2.5)]
    alone = 400 / (1 + weights.std() ** 2)
    plain, weighted, fewer = (next(check_power(Splits((), (), items), 0.02, 3)).found for items in (
        part(np.ones(400)), part(weights), part(np.ones(int(alone)), group=1)))
    assert plain != weighted
    # The first figure is that of as many items that count alike.
    assert weighted.split(" points on")[0].split("from ")[1] == fewer.split(
        " points on")[0].split("from ")[1]


def test_what_is_drawn_is_worth_what_its_weights_say():
    items = part(np.r_[np.full(6, 0.5), np.full(2, 2.5)])
    splits = Splits(items, items, tuple(replace(e, weight=1.0) for e in items))
    rows = {(r.part, r.label): r for r in spreads(splits, replace(splits, test=items), ("a", "b"))}
    assert rows["test", None].there.effective == 4
    # Groups weigh 1, 1, 1 and 5.
    assert rows["test", None].drawn.effective == pytest.approx(64 / 28)
    assert rows["test", "a"].drawn.effective == pytest.approx(16 / (3 * 0.25 + 6.25))
    assert rows["test", None].drawn.items == 8
    assert spread_of(np.array([], dtype=int)).items == 0
