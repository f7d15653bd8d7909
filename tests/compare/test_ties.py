import numpy as np
import pytest
from scipy import stats

from harness.compare.bootstrap import Answers, bootstrap
from harness.compare.ties import against_best, interval, over_seeds


def coin(right):
    return np.where(right[:, None], [[0.1, 0.9]], [[0.9, 0.1]])


def compare(*runs, groups=None, resamples=2000):
    """Runs of right and wrong answers, each a method with one seed, against the first."""
    items = len(runs[0])
    data = Answers([coin(r) for r in runs], np.ones(items, dtype=int),
                   np.arange(items) if groups is None else groups)
    drawn = bootstrap(data, "accuracy", resamples)
    values = {i: drawn[[i]] for i in range(len(runs))}
    return values, against_best(values, 0, {i: r.mean() for i, r in enumerate(runs)})


def test_a_copy_is_tied_for_sure():
    right = np.random.default_rng(0).random(100) < 0.8
    _, found = compare(right, right.copy())
    assert (found[1].difference, found[1].p_value, found[1].tied) == (0.0, 1.0, True)


def test_a_wide_gap_is_seen_and_holm_s_correction_is_right():
    rng = np.random.default_rng(1)
    runs = [rng.random(300) < p for p in (0.9, 0.6, 0.85, 0.88)]
    _, found = compare(*runs)
    assert not found[1].tied
    assert found[1].low > 0.15
    raw = np.array([found[i].p_value for i in (1, 2, 3)])
    order = raw.argsort()
    stepped = np.maximum.accumulate(np.minimum(1, raw[order] * (3 - np.arange(3))))
    assert [found[int(order[i]) + 1].adjusted for i in range(3)] == pytest.approx(stepped)


def test_p_values_are_near_the_exact_test_s():
    rng = np.random.default_rng(2)
    first = rng.random(400) < 0.80
    second = np.where(rng.random(400) < 0.15, ~first, first)
    _, found = compare(first, second, resamples=8000)
    lost, gained = int((first & ~second).sum()), int((~first & second).sum())
    exact = stats.binomtest(gained, lost + gained).pvalue
    assert found[1].p_value == pytest.approx(exact, abs=0.05)


def test_seeds_are_a_second_level():
    rng = np.random.default_rng(3)
    same = np.tile(rng.normal(0.7, 0.01, 4000), (3, 1))
    apart = same + np.array([[-0.1], [0.0], [0.1]])
    assert over_seeds(same, 0) == pytest.approx(same[0])
    wide, narrow = interval(apart), interval(same)
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)
    assert wide.sampling_error == pytest.approx(narrow.sampling_error)


def test_false_alarms_and_coverage_are_as_promised():
    """Two classifiers of equal and of different accuracy, correlated, items in groups of two."""
    rng, repeats, groups = np.random.default_rng(4), 200, np.repeat(np.arange(60), 2)
    alarms, covered, found_gap = 0, 0, 0
    for _ in range(repeats):
        hard = np.repeat(rng.random(60), 2)
        first, equal, worse = (np.where(rng.random(120) < 0.5, hard, rng.random(120)) < p
                               for p in (0.75, 0.75, 0.60))
        _, found = compare(first, equal, groups=groups, resamples=200)
        alarms += not found[1].tied
        _, found = compare(first, worse, groups=groups, resamples=200)
        covered += found[1].low <= 0.15 <= found[1].high
        found_gap += not found[1].tied
    error = np.sqrt(0.05 * 0.95 / repeats)
    assert alarms / repeats <= 0.05 + 2.5 * error
    assert 0.95 - 3 * error <= covered / repeats <= 0.98
    assert found_gap / repeats > 0.5


def test_what_is_called_detectable_is_found_four_times_in_five():
    rng, hits, repeats = np.random.default_rng(5), 0, 120
    reach = np.mean([compare(rng.random(150) < 0.7, rng.random(150) < 0.7,
                             resamples=200)[1][1].detectable for _ in range(10)])
    for _ in range(repeats):
        first, second = rng.random(150) < 0.7 + reach / 2, rng.random(150) < 0.7 - reach / 2
        hits += not compare(first, second, resamples=200)[1][1].tied
    assert hits / repeats == pytest.approx(0.8, abs=0.1)
