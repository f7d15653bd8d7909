"""Intervals of shares of some of the items count those, and no others."""

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from harness.compare.jackknife import jackknife, leave_out
from harness.compare.pairs import Sample, differences
from harness.targets.generation import (
    CITATIONS,
    CITED_HELD,
    MEANS,
    REFUSED_ONE,
    UNANSWERABLE,
    GenerationAnswers,
)
from harness.targets.kinds import KINDS

HELD = KINDS["generation"].metric("cited_held")


def answers(held, groups=None, **scores):
    """Runs with these marks, [runs, items], and whatever else is said of items; NaN for the rest.
    """
    held = np.atleast_2d(np.asarray(held, dtype=float))
    nothing = np.full(held.shape, np.nan)
    given = dict.fromkeys((*MEANS, UNANSWERABLE, REFUSED_ONE, *CITATIONS), nothing)
    items = held.shape[1]
    return GenerationAnswers(
        np.full(held.shape, "", dtype=object), np.full(items, "", dtype=object),
        given | {CITED_HELD: held} | scores, np.zeros(items, dtype=bool),
        np.arange(items) if groups is None else np.asarray(groups))


def some(count, of, right):
    """`of` items, of which `count` are asked and `right` of those have the mark."""
    marks = np.full(of, np.nan)
    marks[:count] = 0.0
    marks[:right] = 1.0
    return marks


def test_few_that_agree_are_no_certainty_however_many_others_there_are():
    """Wilson's interval of 5 of 5, and not of 400."""
    found = jackknife(answers(some(5, 400, 5))).figure("cited_held", [0])
    assert found.mean == 1.0
    assert found.low == pytest.approx(proportion_confint(5, 5, method="wilson")[0], abs=0.01)
    assert found.groups == 5.0


def test_others_say_nothing_of_it():
    """The interval among 400 items is that of the 40 alone, but for the jackknife's (g - 1) / g: of
    200 groups in the place of 20, which makes it longer by 2.4%."""
    marks, groups = some(40, 400, 28), np.arange(400) // 2
    whole = jackknife(answers(marks, groups)).figure("cited_held", [0])
    alone = jackknife(answers(marks[:40], groups[:40])).figure("cited_held", [0])
    assert whole.mean == alone.mean == 0.7
    assert (whole.low, whole.high) == pytest.approx((alone.low, alone.high), abs=0.01)


def test_the_intervals_of_refusals_count_what_has_no_answer():
    none = np.zeros((1, 300))
    none[0, :4] = 1.0
    refused = np.zeros((1, 300))
    refused[0, :4] = 1.0
    found = jackknife(answers(none, **{UNANSWERABLE: none, REFUSED_ONE: refused}))
    rare, usual = (found.figure(name, [0]) for name in ("refused", "wrongly_refused"))
    assert rare.low < 0.6 < usual.high + 0.6 < 0.62


def test_intervals_hold_in_95_of_100_samples():
    """Groups of one to three, of which a third is asked; shares near an end among them."""
    chance, held, tries = np.random.default_rng(5), [], 300
    for number in range(tries):
        true = (0.5, 0.8, 0.95)[number % 3]
        groups = np.repeat(np.arange(60), chance.integers(1, 4, 60))
        # What a group's answers share moves them by a beta with the true mean.
        own = chance.beta(8 * true, 8 * (1 - true), 60)[groups]
        marks = np.where(chance.random(len(groups)) < 1 / 3,
                         chance.random(len(groups)) < own, np.nan)
        figure = jackknife(answers(marks, groups)).figure("cited_held", [0])
        held.append(figure.low <= true <= figure.high)
    assert np.mean(held) >= 0.92


def samples_of(found, *places):
    return [Sample(str(place), [float(found.points["cited_held"][place])],
                   found.shifts["cited_held"][place],
                   pool=found.pool_of("cited_held", [place])) for place in places]


def test_one_that_hardly_cites_makes_no_other_pair_unsure():
    chance = np.random.default_rng(1)
    marks = np.stack([(chance.random(200) < share).astype(float) for share in (0.9, 0.4)]
                     + [some(1, 200, 1)])
    found = leave_out(answers(marks), [HELD])
    three = differences(HELD, samples_of(found, 0, 1, 2), found.pool)
    two = differences(HELD, samples_of(found, 0, 1), found.pool, methods=3)
    assert (three["0", "1"].low, three["0", "1"].high) == (two["0", "1"].low, two["0", "1"].high)
    assert three["0", "1"].significant
    assert three["0", "2"].p_value == 1.0
    assert three["0", "2"].low == -np.inf


def test_a_run_that_cites_nothing_has_no_figure():
    found = jackknife(answers(np.stack([some(0, 50, 0), some(20, 50, 9)])))
    assert found.figure("cited_held", [0]) is None
    assert found.figure("cited_held", [1]).mean == 0.45
