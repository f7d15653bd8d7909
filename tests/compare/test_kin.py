"""A method with one seed has the spread over seeds of its kin."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import t

from harness.compare.arms import arms_of, measure_arms
from harness.compare.kin import Kin, of_seeds, pooled
from harness.compare.pairs import Sample, differences
from harness.compare.pool import Pool
from harness.compare.uncertainty import figure
from harness.report import sentences
from harness.report.published import publish
from harness.targets.metrics import TOKEN_F1
from tests.synthetic import drawn_study

GAP = dataclasses.replace(TOKEN_F1, name="gap", bounds=(-np.inf, np.inf))


def only_first_seed(study, label, **identity):
    """The study with one seed of a method, and other facts of that run."""
    kept = [r if r.identity.label != label else
            r.model_copy(update={"identity": r.identity.model_copy(update=identity)})
            for r in study.records if r.identity.label != label or r.identity.seed == 0]
    return study.model_copy(update={"records": tuple(kept)})


def test_kin_are_pooled_with_the_freedom_that_they_have():
    alike = pooled({"a": [0.0, 1.0, 2.0], "b": [0.5, 1.5, 2.5]})
    assert (alike.names, alike.variance, alike.degrees) == (("a", "b"), 1.0, pytest.approx(4.0))
    lone = pooled({"a": [0.0, 1.0, 2.0], "b": [1.0, 1.0, 1.0]})
    assert (lone.variance, lone.degrees) == (0.5, pytest.approx(2.0)), "as many as one of them has"
    assert pooled({}) is None
    assert of_seeds([0.7], None) == (0.0, 0)
    assert of_seeds([0.7], alike) == (1.0, alike.degrees)
    assert of_seeds([0.0, 2.0], alike) == (1.0, alike.degrees), "of two, more than theirs"
    assert of_seeds([0.4, 0.4], alike) == (0.5, alike.degrees), "no steadier than its kin"
    assert of_seeds([0.0, 2.0], None) == (1.0, 1)


def test_a_single_seed_s_interval_by_hand():
    moved, kin = np.full(50, 0.01), Kin(("a",), 0.04, 2.0)
    found = figure(GAP, [0.5], moved, Pool.even(50), seeds=of_seeds([0.5], kin))
    of_items = 50 * 0.01**2
    degrees = (of_items + 0.04) ** 2 / (of_items**2 / 49 + 0.04**2 / 2)
    reach = t.ppf(0.975, degrees) * (of_items + 0.04) ** 0.5
    assert (found.low, found.high) == pytest.approx((0.5 - reach, 0.5 + reach))


def test_methods_alike_with_one_seed_are_hardly_ever_told_apart():
    """Two methods of one seed each and three of three, alike but for luck of the seed, on items
    that hardly matter: without kin nearly every pair is told apart."""
    rng, pool, apart = np.random.default_rng(3), Pool.even(200), np.zeros(2)
    for _ in range(400):
        moved = rng.normal(size=(2, 200)) * 1e-4
        several = {name: rng.normal(0.7, 0.03, 3).tolist() for name in "abc"}
        points = rng.normal(0.7, 0.03, 2)
        for place, kin in enumerate((pooled(several), None)):
            (gap,) = differences(GAP, [Sample(str(i), [float(points[i])], moved[i], None, kin)
                                         for i in range(2)], pool).values()
            apart[place] += gap.p_value < 0.05
    # By the pooled variance's own chance: three Monte-Carlo errors above 5%.
    assert apart[0] <= 400 * 0.05 + 3 * (400 * 0.05 * 0.95) ** 0.5
    assert apart[1] > 300


SPREADS = {"even": [0.025] * 8, "as in legal": [0.002, 0.004, 0.006, 0.018, 0.019, 0.033, 0.033,
                                                 0.045]}


@pytest.mark.parametrize("seeds", [2, 3])
@pytest.mark.parametrize("spreads", SPREADS.values(), ids=SPREADS)
def test_over_all_pairs_of_methods_alike_hardly_a_study_tells_any_apart(spreads, seeds):
    """Eight methods, none better than another, whose few draws are as unlike as methods' are."""
    rng, pool, studies = np.random.default_rng(5), Pool.even(60), 300
    told = np.zeros(2)
    for _ in range(studies):
        moved = rng.normal(size=(len(spreads), 60)) * 1e-3
        points = {str(i): rng.normal(0.6, spread, seeds).tolist()
                  for i, spread in enumerate(spreads)}
        for place, kin in enumerate((pooled(points), None)):
            found = differences(GAP, [Sample(name, of, moved[i], None, kin) for i, (name, of)
                                      in enumerate(points.items())], pool)
            told[place] += any(gap.significant for gap in found.values())
    assert told[0] <= studies * 0.05 + 3 * (studies * 0.05 * 0.95) ** 0.5
    assert told[1] > told[0]


def test_peers_are_all_whose_results_hang_on_the_seed():
    study, tables = drawn_study({"a": 1.0, "b": 1.2, "c": 1.1}, seeds=3)
    measured = measure_arms(study.records, study.kind, study.labels, tables.__getitem__)
    arms = [arm for arm in arms_of(study.records) if len(arm.done) > 1]
    of = {arm.name: measured.peers(arm, "accuracy") for arm in arms}
    assert {found.names for found in of.values()} == {("a (b)", "b (b)", "c (b)")}
    spreads = {arm.name: np.var(measured.sample(arm, "accuracy").points, ddof=1) for arm in arms}
    pooled_variance = np.mean([spreads[name] for name in of])
    for arm in arms:
        variance, _ = of_seeds(measured.sample(arm, "accuracy").points,
                               measured.sample(arm, "accuracy").kin)
        assert variance == pytest.approx(max(spreads[arm.name], pooled_variance) / 3)


def test_one_seed_is_no_steadier_than_all_peers():
    study, tables = drawn_study({"a": 1.0, "b": 1.2, "c": 1.1}, seeds=3)
    one = only_first_seed(study, "c")
    measured = measure_arms(one.records, one.kind, one.labels, tables.__getitem__)
    arm = next(arm for arm in arms_of(one.records) if arm.label == "c")
    kin, found = measured.kin(arm, "accuracy"), measured.peers(arm, "accuracy")
    assert (found.names, found.variance, found.degrees) == (kin.names, kin.variance, kin.degrees)
    # Two of three are its family, and steadier than the third.
    steady = [r.model_copy(update={"identity": r.identity.model_copy(update={"family": "peft"})})
              if r.identity.label in "bc" else r for r in one.records]
    measured = measure_arms(steady, one.kind, one.labels, tables.__getitem__)
    arm = next(arm for arm in arms_of(steady) if arm.label == "c")
    near, found = measured.kin(arm, "accuracy"), measured.peers(arm, "accuracy")
    assert near.names == found.names == ("b (b)",)
    assert found.variance == max(near.variance, kin.variance)
    assert found.degrees == kin.degrees


def test_kin_are_the_family_then_all_that_learn_as_it_does():
    study, tables = drawn_study({"a": 1.0, "b": 1.2, "c": 1.1}, seeds=3)
    for identity, kin in (({}, ("a (b)", "b (b)")), ({"family": "peft"}, ("a (b)", "b (b)")),
                          ({"random": False}, None)):
        one = only_first_seed(study, "c", **identity)
        measured = measure_arms(one.records, one.kind, one.labels, tables.__getitem__)
        arm = next(arm for arm in arms_of(one.records) if arm.label == "c")
        found = measured.kin(arm, "accuracy")
        assert (found and found.names) == kin
    stranger = only_first_seed(study, "c", family="prompting")
    records = [r if r.identity.label != "c" else r.model_copy(update={"curve": ()})
               for r in stranger.records]
    measured = measure_arms(records, study.kind, study.labels, tables.__getitem__)
    (arm,) = (arm for arm in arms_of(records) if arm.label == "c")
    assert measured.kin(arm, "accuracy") is None, "it does not learn by gradient"


def test_the_report_says_whose_spread_it_is_or_that_there_is_none():
    study, tables = drawn_study({"a": 3.0, "b": 1.0}, seeds=3, majority=False)
    one = publish(only_first_seed(study, "a"), tables.__getitem__, {})
    row = next(row for row in one.summary.rows if row.label == "a")
    assert row.kin == ("b (b)",)
    alone = publish(study.model_copy(update={"records": tuple(
        r for r in study.records if r.identity.seed == 0)}), tables.__getitem__, {})
    before = next(r for r in alone.summary.rows if r.label == "a").common["accuracy"]
    assert row.common["accuracy"].low < before.low, "the interval holds it"
    said = " ".join(sentences.not_measured(one))
    assert "of a (b): one seed was run, so it has that of b (b)" in said
    assert not any("Seeds have no part" in line for line in sentences.why(one))
    assert any("Seeds have no part in it for a (b)" in line for line in sentences.why(alone))
