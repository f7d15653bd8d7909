"""Two-sample tests against other people's arithmetic, and their levels by simulation."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import chi2_contingency, ks_2samp
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import rbf_kernel

from harness.targets.kinds import KINDS
from harness.watch.said import kernel_of, moved
from harness.watch.sides import sides
from harness.watch.told_apart import told_apart
from harness.watch.two_samples import (
    DRAWS,
    ENOUGH,
    chance,
    discrepancy,
    gaussian,
    of_shares,
    sequential,
)


def alone(before, now):
    return sides([f"a{i}" for i in range(before)], [f"b{i}" for i in range(now)])


def test_the_kernel_is_gaussian_with_the_median_distance():
    vectors = np.random.default_rng(0).normal(size=(30, 4))
    apart = [((a - b) ** 2).sum() for a, b in combinations(vectors, 2)]
    assert gaussian(vectors @ vectors.T) == pytest.approx(
        rbf_kernel(vectors, gamma=1 / np.median(apart)))


def test_the_discrepancy_is_the_one_of_the_paper():
    vectors = np.random.default_rng(0).normal(size=(12, 3))
    kernel, found = gaussian(vectors @ vectors.T), alone(7, 5)
    before, now = range(7), range(7, 12)
    by_hand = (np.mean([kernel[i, j] for i in before for j in before])
               + np.mean([kernel[i, j] for i in now for j in now])
               - 2 * np.mean([kernel[i, j] for i in before for j in now]))
    assert discrepancy(kernel, found) == pytest.approx(by_hand)


def test_of_shares_it_is_pearsons_statistic():
    rng = np.random.default_rng(0)
    classes, found = rng.integers(3, size=50), alone(30, 20)
    table = [np.bincount(classes[side], minlength=3) for side in (~found.today, found.today)]
    expected = chi2_contingency(table, correction=False).statistic
    value = discrepancy(of_shares(np.eye(3)[classes]), found)
    assert value * 30 * 20 / 50 == pytest.approx(expected)


def test_permutation_has_the_chance_that_all_orders_have():
    vectors = np.array([0.0, 0.1, 0.3, 1.0, 1.4, 0.2, 1.1])[:, None]
    kernel, found = gaussian(vectors @ vectors.T), alone(4, 3)
    value = discrepancy(kernel, found)
    as_large = []
    for chosen in combinations(range(7), 3):
        signed = np.full(7, -1 / 4)
        signed[list(chosen)] = 1 / 3
        as_large.append(signed @ kernel @ signed >= value - 1e-12)
    p = chance(kernel, found, 0)
    assert p == pytest.approx(np.mean(as_large), abs=3 * np.sqrt(0.25 / ENOUGH) * np.mean(as_large))


def test_a_chance_needs_no_more_draws_than_it_takes():
    asked = []

    def draw(size):
        asked.append(size)
        return np.arange(size) % 2.0  # every second is as large
    # The 25th that is as large is the 50th draw.
    assert sequential(draw, 1.0) == ENOUGH / 50
    assert len(asked) == 1
    assert sequential(lambda size: np.zeros(size), 1.0) == 1 / (DRAWS + 1)


@pytest.mark.parametrize("grouped", [False, True])
def test_one_distribution_is_called_two_at_the_level_and_another_is_seen(grouped):
    rng, hits, power = np.random.default_rng(1), 0, 0
    for draw in range(60):
        names = [f"a{i // 4 if grouped else i}" for i in range(120)]
        found = sides(names, [f"b{i}" for i in range(60)],
                      rng.uniform(0.5, 1.5, 120).tolist() if grouped else ())
        group = rng.normal(size=(int(found.groups.max()) + 1, 2))[found.groups]
        vectors = rng.normal(size=(180, 2)) + grouped * group
        hits += chance(gaussian(vectors @ vectors.T), found, draw) <= 0.05
        if draw < 10:
            vectors = vectors + 1.2 * found.today[:, None]
            power += chance(gaussian(vectors @ vectors.T), found, draw) <= 0.05
    # Binomial of 60 at 5%: more than 9 with a chance of 0.1%.
    assert hits <= 9
    assert power == 10


def test_without_groups_the_chance_of_grouped_items_would_be_wrong():
    """The test above can fail: dependent items taken as independent are called drift."""
    rng, hits = np.random.default_rng(1), 0
    for draw in range(20):
        vectors = rng.normal(size=(220, 2)) / 3 + rng.normal(size=(55, 2)).repeat(4, axis=0)
        hits += chance(gaussian(vectors @ vectors.T), alone(160, 60), draw) <= 0.05
    assert hits > 6


def test_two_means_that_are_one_are_not_told_apart_by_rounding():
    kernel = of_shares(np.zeros((20, 1)))
    assert chance(kernel_of(np.zeros((20, 1)), True), alone(12, 8), 0) == 1.0
    assert kernel.shape == (20, 20)


def test_told_apart_is_an_area_on_groups_held_out():
    rng = np.random.default_rng(0)
    found = alone(200, 100)
    noise = rng.normal(size=(300, 10))
    assert abs(told_apart(noise, found) - 0.5) < 0.12
    clear = noise + 1.5 * found.today[:, None] * (np.arange(10) == 0)
    expected = roc_auc_score(found.today, clear[:, 0])
    assert told_apart(clear, found) == pytest.approx(expected, abs=0.05)


def test_how_far_numbers_moved_is_kolmogorov_and_smirnovs():
    rng = np.random.default_rng(0)
    numbers = np.round(rng.normal(size=90), 1)
    found = alone(50, 40)
    assert moved(KINDS["regression"], numbers[:, None], {}, found) == pytest.approx(
        ks_2samp(numbers[:50], numbers[50:]).statistic)
