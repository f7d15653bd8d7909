"""From p values and sizes to what is found."""

import pytest
from statsmodels.stats.multitest import multipletests

from harness.watch.checks import exact, last_look, not_asked, of_labels, outcome_of
from harness.watch.checks import tested as judged
from harness.watch.result import Check, Labelled


def check(p, value, limit=0.1):
    return Check(name="texts", says="texts", state="nothing", value=value, limit=limit, p_value=p)


def test_only_what_is_both_significant_and_large_is_drift():
    states = [one.state for one in judged(
        [check(0.001, 0.2), check(0.001, 0.05), check(0.6, 0.9)], 0.05, 1)]
    assert states == ["drift", "nothing", "nothing"]


def test_p_values_are_holms_and_what_was_not_asked_has_no_part():
    found = judged([check(0.01, 1), not_asked("answers", "a", "why"), check(0.04, 1),
                    check(0.03, 1)], 0.05, 1)
    expected = multipletests([0.01, 0.04, 0.03], method="holm")[1]
    assert [found[i].adjusted for i in (0, 2, 3)] == pytest.approx(expected)
    assert found[1].adjusted is None
    assert found[1].state == "not-asked"


def test_over_all_days_the_levels_sum_to_one_days():
    p = 0.05 / (7 * 8)
    assert judged([check(p, 1)], 0.05, 7)[0].over_days
    assert not judged([check(p, 1)], 0.05, 8)[0].over_days
    assert sum(0.05 / (t * (t + 1)) for t in range(1, 10_000)) <= 0.05
    # 0.05 / (31 * 32) is the last that one p value of 1 / 20,000 reaches.
    assert last_look(0.05, 1) == 31


def test_shares_of_rows_are_exact():
    assert exact("empty", "e", 1, 100, 0.01).state == "nothing"
    assert exact("empty", "e", 2, 100, 0.01).state == "drift"


def test_labels_are_drift_once_the_evidence_is_enough():
    made = Labelled(unit="items", new=1, known=0, units=1, right=0, share=0.5, low=0.2, high=0.8,
                    approved=0.9, approved_low=0.85, approved_high=0.95, least=0.8, evidence=39.9,
                    needed=40)
    one = of_labels(made, 0.05)
    assert one.state == "nothing"
    assert (one.value, one.low, one.high) == pytest.approx((0.4, 0.05, 0.75))
    assert of_labels(made.model_copy(update={"evidence": 40.0}), 0.05).state == "drift"


def test_too_few_texts_are_nothing_to_say_of_unless_something_is_found():
    assert outcome_of([check(1.0, 0)], True) == "nothing-found"
    assert outcome_of([], False) == "cannot-say"
    assert outcome_of([exact("empty", "e", 2, 2, 0.1)], False) == "drift"
