"""A short form of `make validity`: error rates on drawn studies whose truth is known."""

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.validity import (
    METRIC_NAMES,
    POOLS,
    RATES,
    SHORT,
    WORLDS,
    Found,
    World,
    examine,
    pool,
    sampled,
    table,
    told,
    truth,
)

STUDIES, NOMINAL = 150, 0.06
SAFE = 1 - 1e-4
"""A rate at its bound is within what so many studies show but once in 10,000."""


@pytest.mark.parametrize("world", SHORT, ids=lambda world: world.name)
def test_error_rates_keep_their_bounds_and_power_is_left(world):
    most = binom.ppf(SAFE, STUDIES, NOMINAL) / STUDIES
    found = examine(world, STUDIES)
    for metric, rates in found.items():
        for what in rates.keys() & {"told apart", "at margin", "use"}:
            assert rates[what] <= most, (metric, what)
        for what in rates.keys() & {"figure", "difference"}:
            assert 1 - rates[what] <= most, (metric, what)
    compared = [found[metric] for metric in METRIC_NAMES]
    assert all(rates["power"] >= rates["told apart"] for rates in compared)
    if max(world.strengths) < 4:  # near 1 hardly anything is told apart on ten groups
        assert found["accuracy"]["power"] > 0.1
        assert all(rates["power"] > rates["told apart"] for rates in compared)
    text = table([Found(world.name, STUDIES, 2, found)])
    assert text.count(f"| {world.name} |") == len(found) == len(METRIC_NAMES) + 2


def test_the_truth_is_known_far_better_than_a_study_knows_it():
    """Two drawn truths differ by what 400 copies leave: a 20th of a pool's standard error each."""
    world, few = SHORT[2], [truth(SHORT[2], copies=20, seed=seed) for seed in range(20)]
    one, other = (truth(world, copies=400, seed=seed) for seed in (1, 2))
    for metric in METRIC_NAMES:
        of_a_pool = np.std([each[metric] for each in few], axis=0, ddof=1) * 20**0.5
        assert (np.abs(one[metric] - other[metric]) < 5 * of_a_pool * (2 / 400)**0.5).all(), metric


@pytest.mark.parametrize("name", POOLS)
def test_a_pool_has_the_groups_that_its_name_says(name):
    groups, targets = pool(name)
    assert set(groups) == set(range(groups.max() + 1))
    assert set(targets) == set(range(targets.max() + 1))
    sizes = np.bincount(groups)
    if name.startswith("even"):
        assert len(set(sizes)) == 1
    if name.startswith("lumpy"):
        assert 0.2 < sizes[0] / sizes.sum() < 0.3
    if name == "legal-100":
        assert (len(groups), len(sizes), sizes.max()) == (100, 44, 26)
    assert RATES


def test_a_weighted_study_is_a_sample_of_its_pool_as_suites_draw_it():
    world = next(w for w in WORLDS if w.drawn and w.pool == "legal-test")
    _, targets = pool(world.pool)
    one, same, other = (sampled(world, seed) for seed in (1, 1, 2))
    assert (one.weights == same.weights).all()
    assert one.groups.tolist() != other.groups.tolist()
    assert set(one.groups) == set(range(one.groups.max() + 1))
    assert len(one.weights) == len(one.targets) == world.drawn
    assert one.weights.mean() == pytest.approx(1)
    assert one.weights.std() > 0.1
    shares = np.bincount(one.targets, one.weights, len(set(targets))) / world.drawn
    assert shares == pytest.approx(np.bincount(targets) / len(targets))
    assert sampled(World("legal-100"), 1).weights is None


def test_a_rate_has_its_monte_carlo_error():
    assert told(0.05, 400) == f"5.0 ± {100 * (22 / 404 * 382 / 404 / 404) ** 0.5:.1f}"
    assert told(0.0, 400).split(" ± ")[1] != "0.0"
