"""A short form of `make validity` for studies by minutes."""

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.by_minutes import MEANS, RATES, SHORT, answers, examine, table, truth
from harness.targets.metrics import ACCURACY, MACRO_F1

STUDIES, SAFE = 25, 1 - 1e-4


@pytest.mark.parametrize("race", SHORT, ids=lambda race: race.name)
def test_studies_by_minutes_keep_their_bounds(race):
    found = examine(race, STUDIES)
    most = binom.ppf(SAFE, STUDIES, 0.05) / STUDIES
    for what in ("wrong", "dropped"):
        assert found[what] <= most, what
    for what in ("pairs", "bounds", "figure", "all figures"):
        assert 1 - found[what] <= most, what
    assert found["spent"] <= 1.0
    assert found["draws"] >= 2
    assert found["use"] + found["left"] > 0, "what is clear is shown"
    text = table({race.name: {"studies": STUDIES} | found})
    assert text.count("\n| ") == len(RATES) + len(MEANS) + 2


@pytest.mark.parametrize(("metric", "race"), [(ACCURACY, SHORT[1]), (MACRO_F1, SHORT[1])])
def test_the_truth_is_what_ever_more_draws_have(metric, race):
    rng = np.random.default_rng(4)
    found = [[metric.of(run) for run in answers(race, 2, rng).runs] for _ in range(60)]
    shown = np.mean(np.reshape(found, (60, len(race.strengths), 2)), axis=(0, 2))
    error = np.std(np.reshape(found, (60, len(race.strengths), 2)).mean(axis=2), axis=0) / 60**0.5
    expected = truth(race if metric is ACCURACY else type(race)(
        **(vars(race) | {"metric": "macro_f1"})))
    # Of few items F1 is a little off by itself.
    assert np.abs(shown - expected) == pytest.approx(0.0, abs=4 * error.max() + 0.002)
