"""Differences that hold however often a study is looked at."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from minutes_given import by_minutes
from scipy import stats
from synthetic import drawn_study

from benchmarks.seeds import METRIC
from harness.compare.arms import arms_of, measure_arms
from harness.compare.interim import ONCE, Interim, always, looks
from harness.compare.kin import pooled
from harness.compare.pairs import ALPHA, Difference, Sample, differences
from harness.compare.pool import Pool
from harness.compare.summary import summarise
from harness.compare.verdict import ahead

PAIR = ("a", "b")


def difference(low, high, p=0.01, **other):
    return Difference(**{"difference": (low + high) / 2, "low": low, "high": high, "p_value": p,
                         "adjusted": p, "detectable": 0.1, "items_share": 0.5, "at_least": low,
                         "at_most": high} | other)


@given(st.integers(2, 60))
def test_all_looks_there_can_be_have_five_percent_together(draws):
    spent = [look.alpha for look in looks(draws)]
    assert math.fsum(spent) == pytest.approx(ALPHA * (1 - 1 / draws))
    assert [look.draws for look in looks(draws)] == list(range(2, draws + 1))


def test_one_draw_is_looked_at_once():
    assert looks(1) == looks(0) == ONCE
    assert ONCE[0].level == pytest.approx(0.95)


def test_of_several_looks_the_part_that_they_have_in_common_stands():
    first, second = looks(3)
    (found,) = always([(first, {PAIR: difference(0.0, 0.4, 0.02)}),
                       (second, {PAIR: difference(-0.1, 0.2, 0.001)})]).values()
    assert (found.low, found.high, found.at_least, found.at_most) == (0.0, 0.2, 0.0, 0.2)
    assert found.difference == pytest.approx(0.05)
    # Over their shares of the 5%: twice and six times.
    assert found.p_value == found.adjusted == pytest.approx(min(0.04, 0.006))


def test_where_looks_contradict_each_other_nothing_is_closed():
    first, second = looks(3)
    (found,) = always([(first, {PAIR: difference(0.2, 0.4)}),
                       (second, {PAIR: difference(-0.1, 0.1)})]).values()
    assert (found.low, found.high) == (-0.1, 0.4)


def test_a_pair_of_which_one_left_keeps_what_it_was_and_all_pairs_are_corrected():
    first, second = looks(3)
    found = always([(first, {PAIR: difference(0, 1, 0.004), ("a", "c"): difference(0, 1, 0.01)}),
                    (second, {("a", "c"): difference(0.1, 0.5, 0.001)})])
    assert found[PAIR].p_value == pytest.approx(0.008)
    assert found[PAIR].adjusted == pytest.approx(0.012)  # Holm: 0.006 twice, then what is least
    assert found["a", "c"].adjusted == pytest.approx(0.012)


@pytest.mark.parametrize(("of_items", "of_draws"), [(0.15, 0.02), (0.02, 0.05)])
def test_no_more_than_one_study_in_twenty_is_wrong_at_any_look(of_items, of_draws):
    """Of three methods that are alike two, on 60 groups, over six draws: an error of items that all
    draws share and one of their own."""
    rng, groups, wrong, studies = np.random.default_rng(5), 60, 0, 150
    for _ in range(studies):
        items = rng.normal(0, of_items, (3, groups))
        points = 0.5 + items.mean(axis=1)[:, None] + rng.normal(0, of_draws, (3, 6))
        shifts = (items - items.mean(axis=1)[:, None]) / (groups * (groups - 1)) ** 0.5
        seen = []
        for look in looks(6):
            then = points[:, :look.draws].tolist()
            kin = pooled(dict(zip("abc", then, strict=True)))
            samples = [Sample(name, then[i], shifts[i], kin=kin) for i, name in enumerate(PAIR)]
            seen.append((look, differences(METRIC, samples, Pool.even(groups), look.level)))
        found = always(seen)[PAIR]
        wrong += not found.low <= 0 <= found.high or found.significant
    assert wrong / studies <= stats.binom.ppf(0.9999, studies, 0.05) / studies


def test_a_study_by_minutes_compares_on_the_draws_that_both_had():
    study, tables = drawn_study({"a": 2.0, "b": 1.8, "c": 0.2}, seeds=4, majority=False)
    kept = tuple(r for r in study.records
                 if r.identity.label != "c" or r.identity.seed < 2)
    study = by_minutes(study.model_copy(update={"records": kept}), 4)
    summary = compared(study, tables)
    early = by_minutes(study.model_copy(update={"records": tuple(
        r for r in kept if r.identity.seed < 2)}), 2)
    before = compared(early, tables)
    assert (summary.looks, before.looks) == (3, 1)
    for name in ("a (b)", "b (b)"):
        assert gap(summary, name, "c (b)") == pytest.approx(gap(before, name, "c (b)"))
    assert gap(summary, "a (b)", "b (b)") != gap(before, "a (b)", "b (b)")
    seeds = {row.name: row.common["macro_f1"].seeds for row in summary.rows}
    assert seeds == {"a (b)": 4, "b (b)": 4, "c (b)": 2}


def test_a_study_whose_draws_were_written_down_is_looked_at_once():
    study, tables = drawn_study({"a": 2.0, "b": 1.8}, seeds=4, majority=False)
    found, once = compared(by_minutes(study, 4), tables), compared(study, tables)
    assert once.looks == 0
    assert gap(found, "a (b)", "b (b)")[0] == gap(once, "a (b)", "b (b)")[0]
    wide, narrow = (each[2] - each[1] for each in (
        gap(found, "a (b)", "b (b)"), gap(once, "a (b)", "b (b)")))
    assert wide > narrow


def compared(study, tables):
    arms = arms_of(study.records)
    return summarise(study, arms, measure_arms(study.records, study.kind, study.labels,
                                               tables.__getitem__))


def gap(summary, first, second):
    found = ahead(summary, first, second)
    return found.difference, found.low, found.high


def test_a_look_says_its_level():
    assert Interim(3, 0.01).level == pytest.approx(0.99)
