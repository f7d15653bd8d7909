"""Verdicts of summaries whose differences are written down."""

import math

import pytest
from synthetic import published

from harness.compare.pairs import Difference
from harness.compare.verdict import decide
from harness.suite import Decide

COSTS = {"a": (900.0, 50.0), "b": (90.0, 5.0), "c": (1.0, 0.5)}


def gap(difference, reach, significant=False, **fields):
    return Difference(**{
        "difference": difference, "low": difference - reach, "high": difference + reach,
        "p_value": 0.001 if significant else 0.4, "adjusted": 0.003 if significant else 0.9,
        "detectable": 3 * reach, "items_share": 1.0, "at_least": difference - reach,
        "at_most": difference + reach} | fields)


def summary(majority=False, **gaps):
    """Of `a`, the best, `b` and `c`, the cheapest; `gaps` by both names, `m` the majority class."""
    found = published({"a": 4.0, "b": 3.0, "c": 2.0}, items=300, seeds=1, costs=COSTS,
                      majority=majority).summary
    assert [row.label for row in found.rows[:3]] == ["a", "b", "c"]
    short = {row.name: "m" if row.label == "majority" else row.label for row in found.rows}
    return found.model_copy(update={"pairs": tuple(
        pair.model_copy(update={"differences": pair.differences | {
            found.metric: gaps[short[pair.first] + short[pair.second]]}})
        for pair in found.pairs)})


def test_what_stands_behind_one_that_is_lower_may_still_be_a_rival():
    """`b` is shown to be lower than `a`; of `c`, which is no higher, less is known."""
    verdict = decide(summary(ab=gap(0.05, 0.02, True), ac=gap(0.06, 0.08), bc=gap(0.01, 0.08)),
                     Decide(matters=0.01))
    assert [rival.name for rival in verdict.rivals] == ["c (b)", "a (b)"]
    assert (verdict.outcome, verdict.answer, verdict.recommended) == (
        "undecided", "undecided", None)
    assert verdict.between == ("c (b)", "a (b)")
    assert verdict.loss == pytest.approx(0.14)
    assert {step.name for step in verdict.cheapest_by_requests} == {"c (b)"}


def test_a_loss_that_matters_and_is_ruled_out_against_all_is_use():
    verdict = decide(summary(ab=gap(0.001, 0.004), ac=gap(0.002, 0.007), bc=gap(0.0, 0.008)),
                     Decide(matters=0.01))
    assert (verdict.answer, verdict.recommended) == ("use", "c (b)")
    assert verdict.loss == pytest.approx(0.009)
    again = decide(summary(ab=gap(0.001, 0.004), ac=gap(0.002, 0.009), bc=gap(0.0, 0.008)),
                   Decide(matters=0.01))
    assert (again.answer, again.recommended) == ("use", "b (b)"), "of the cheapest it is not"
    assert again.loss == pytest.approx(0.008)


def test_what_is_not_above_the_floor_is_nothing_to_be_undecided_about():
    """`a` is higher than `c` by more than matters, and not shown to be above the majority class."""
    one = {"am": gap(0.09, 0.1), "bm": gap(0.0, 0.1), "cm": gap(0.05, 0.01, True)}
    verdict = decide(summary(majority=True, ab=gap(0.09, 0.1), ac=gap(0.04, 0.1),
                             bc=gap(-0.05, 0.1), **one), Decide(matters=0.01))
    assert (verdict.answer, verdict.recommended, verdict.between) == ("lean", "c (b)", ())
    assert {rival.name: rival.useful for rival in verdict.rivals} == {
        "a (b)": False, "b (b)": False, "c (b)": True}
    assert {step.name for step in verdict.cheapest_by_requests} == {"c (b)"}
    assert verdict.best == "a (b)"


@pytest.mark.parametrize(("share", "detectable", "needed"), [
    (1.0, 0.1, 1200), (0.9, 0.1, 1800), (0.75, 0.1, 0), (0.5, 0.1, 0), (1.0, 0.05, 300)])
def test_so_many_items_would_show_a_difference(share, detectable, needed):
    """Of 300, where the error halves with four times as many; what seeds have of it stays: with
    6 times as many, a variance of 0.9 over items and 0.1 over seeds is a quarter, 0.9 / 6 + 0.1;
    of 0.25 over seeds more than that is left."""
    verdict = decide(summary(
        ab=gap(0.01, 0.1), ac=gap(0.05, 0.1, items_share=share, detectable=detectable),
        bc=gap(-0.04, 0.1)), Decide(matters=0.05))
    assert (verdict.answer, verdict.recommended) == ("lean", "c (b)")
    assert verdict.items_needed == {"a (b)": needed}


def test_what_no_number_of_items_shows_has_no_number():
    verdict = decide(summary(
        ab=gap(0.01, 0.1), ac=gap(0.05, 0.1, detectable=math.inf), bc=gap(-0.04, 0.1)),
        Decide(matters=0.05))
    assert verdict.items_needed == {}
