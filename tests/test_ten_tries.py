"""A short form of `benchmarks.attempts`: ten tries at the gate, of candidates at their margin."""

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.attempts import (
    ALPHAS,
    AT,
    CHOSEN,
    POWER,
    RULES,
    SHORT,
    WRONG,
    Fitted,
    Found,
    examine,
    fitted,
    least_alpha,
    table,
)
from benchmarks.validity import told
from harness.compare.pairs import Sample, differences
from harness.compare.pool import Pool
from harness.gate.bounds import two_sided
from harness.gate.spending import ALPHA, LIMIT
from harness.targets.metrics import ACCURACY, LOG_LOSS

SEQUENCES, SAFE = 60, 1 - 1e-4
"""A rate at its bound is within what so many sequences show but once in 10,000."""


@pytest.fixture(scope="module")
def counted():
    return examine(SHORT, range(SEQUENCES), (ACCURACY, LOG_LOSS))


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_ten_at_their_margin_pass_in_five_of_a_hundred_sequences(counted, metric):
    found = counted[metric]
    assert found[CHOSEN][WRONG] <= binom.ppf(SAFE, SEQUENCES, ALPHA)
    # And the plain gate does not keep it, or there would be nothing to do.
    assert found["5% each"][WRONG] > binom.ppf(SAFE, SEQUENCES, ALPHA)


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_a_good_model_has_more_chance_the_earlier_it_is_tried(counted, metric):
    by_attempt = [counted[metric][CHOSEN][POWER.format(k)] for k in AT]
    assert by_attempt == sorted(by_attempt, reverse=True)
    assert by_attempt[0] > 0
    assert by_attempt[0] >= counted[metric]["5% / 10"][POWER.format(1)]


def test_every_rule_but_the_plain_one_spends_no_more_than_5_percent():
    for name, rule in RULES.items():
        spent = sum(rule(k) for k in range(1, LIMIT + 1))
        assert (spent <= ALPHA * (1 + 1e-9)) is (name != "5% each"), name


@pytest.mark.parametrize("margin", [-0.05, 0.0, 0.02, 0.05, 0.5])
def test_the_least_share_with_which_one_passes(margin):
    """Beside every level tried in turn."""
    rng = np.random.default_rng(2)
    right = rng.random((2, 300)) < 0.7
    samples = [Sample(str(i), [one.mean()], (one - one.mean()) / 300, one.astype(float))
               for i, one in enumerate(right)]
    pool = Pool.even(300)
    passing = [alpha for alpha in ALPHAS if next(iter(differences(
        ACCURACY, samples[::-1], pool, two_sided(1 - alpha)).values())).low >= -margin]
    assert least_alpha(ACCURACY, *samples, pool, margin) == min(passing, default=np.inf)


def test_figures_are_worth_something_to_who_fits_to_them():
    """Of fifty, which the outcome alone gives nothing."""
    blind, told_all = (fitted(50, 1_000, figures, 8) for figures in (False, True))
    assert blind <= binom.ppf(SAFE, 8, ALPHA) / 8
    assert told_all > blind


def test_the_table_has_a_line_a_rule(counted):
    text = table([Found(SHORT.name, SEQUENCES, counted)], [Fitted(10, "figures", 400, 0.1)])
    assert text.count(f"| {SHORT.name} |") == 2 * len(RULES)
    assert f"| 10 | figures | {told(0.1, 400)} | 400 |" in text
