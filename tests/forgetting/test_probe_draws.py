"""A probe's figure is over several drawings of its folds, and so is its interval."""

import numpy as np
import pytest
from scipy.stats import t

from harness.forgetting.change import change_of, interval_of
from harness.forgetting.figures import forgetting, item_table
from harness.forgetting.items import Answer, General, read_general
from harness.forgetting.probes import DRAWS, ProbeItem, folded_guesses, probed
from harness.gate.forgotten import lost_share
from harness.measure.intervals import crossed_mean, mean_difference, paired_proportions


def answers(scores):
    """Of one probe, from scores [items, draws]."""
    return tuple(Answer("sst2", f"sst2:{i}", "probe accuracy", "", "a", "a",
                        float(np.mean(own)), draws=tuple(own)) for i, own in enumerate(scores))


def test_the_interval_of_crossed_draws_is_that_of_sums_of_squares():
    """By mean squares of a two-way layout: V = MS_items / nr + MS_draws / nr."""
    values = np.random.default_rng(0).normal(0.3, 1, (30, 4)) + np.arange(4)
    n, r = values.shape
    grand = values.mean()
    of_items = r * ((values.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    of_draws = n * ((values.mean(axis=0) - grand) ** 2).sum() / (r - 1)
    variance = (of_items + of_draws) / (n * r)
    freedom = variance**2 / ((of_items / n / r) ** 2 / (n - 1) + (of_draws / n / r) ** 2 / (r - 1))
    reach = t.ppf(0.975, freedom) * variance**0.5
    assert crossed_mean(values) == pytest.approx((grand - reach, grand + reach))


def test_without_luck_of_draws_it_is_students():
    values = np.repeat(np.random.default_rng(1).normal(size=(25, 1)), 5, axis=1)
    assert crossed_mean(values) == pytest.approx(mean_difference(values[:, 0].tolist()))
    assert crossed_mean(values[:, :1]) == (-1.0, 1.0)
    assert crossed_mean(np.full((9, 3), 0.25)) == (0.25, 0.25)


@pytest.mark.parametrize(("of_items", "of_draws"), [(1.0, 0.0), (1.0, 0.3), (0.3, 0.3)])
def test_it_holds_the_truth_in_95_of_100_and_items_alone_do_not(of_items, of_draws):
    chance, held, alone, tries = np.random.default_rng(2), 0, 0, 1000
    for _ in range(tries):
        values = (of_items * chance.normal(size=(50, 1)) + of_draws * chance.normal(size=(1, 5))
                  + 0.5 * chance.normal(size=(50, 5)))
        low, high = crossed_mean(values)
        held += low <= 0 <= high
        low, high = mean_difference(values.mean(axis=1).tolist())
        alone += low <= 0 <= high
    assert held >= 0.94 * tries
    assert of_draws == 0 or alone < 0.9 * tries


def test_no_change_is_no_certainty():
    same = np.ones((80, 5))
    assert interval_of(same, same) == pytest.approx(paired_proportions(0, 0, 80))


def test_an_item_is_lost_where_most_draws_say_so():
    before = np.array([[1.0, 1, 1], [1, 1, 0], [0, 0, 1], [0, 0, 0]])
    after = np.array([[1.0, 1, 0], [1, 0, 0], [1, 0, 1], [0, 0, 0]])
    found = forgetting("key", General(answers(before)), General(answers(after)), 0.0)
    (sst2,) = found.benchmarks
    assert (sst2.lost, sst2.gained, sst2.items, sst2.draws) == (1, 1, 4, 3)
    assert sst2.difference == pytest.approx(after.mean() - before.mean())
    change = change_of(before, after)
    lost = lost_share(General(answers(before)), General(answers(after)), ["sst2"], level=0.975)
    assert (lost.low, lost.high) == pytest.approx((-change.high, -change.low))
    table = item_table(General(answers(before)), General(answers(after)))
    assert table["score_before"].to_pylist() == pytest.approx(before.mean(axis=1).tolist())


def test_draws_are_kept(tmp_path):
    found = General(answers([[1.0, 0.0], [1.0, 1.0]]))
    found.write(tmp_path)
    assert read_general(tmp_path, 0) == found


def test_each_draw_is_another_dealing_and_their_mean_is_steadier():
    chance = np.random.default_rng(3)
    labels = chance.integers(0, 2, 120)
    features = chance.normal(size=(120, 40)) + 0.2 * labels[:, None]
    one = [(folded_guesses(features, labels, seed) == labels).mean() for seed in range(20)]
    assert len(set(one)) > 5
    items = [ProbeItem(str(i), (), int(label)) for i, label in enumerate(labels)]
    of_seed = [[answer.score for answer in probed("p", items, ("no", "yes"), features, seed)]
               for seed in range(4)]
    assert np.mean(of_seed, axis=1) == pytest.approx(
        np.reshape(one, (4, DRAWS)).mean(axis=1)), "no draw is in two seeds"
    assert np.std(np.mean(of_seed, axis=1)) < np.std(one)
