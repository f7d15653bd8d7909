"""Which budget so many minutes buy, by costs that are made up: no machine here."""

from itertools import pairwise

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.common.errors import HarnessError
from harness.methods.work import Work
from harness.study.check import _look
from harness.study.estimate.estimate import Estimate, RunWork, costs_of
from harness.study.estimate.measuring import Units
from harness.study.estimate.units import SecondsBySize, UnitCosts
from harness.study.minutes import choice
from harness.study.minutes.certainty import of_items, smallest
from harness.study.minutes.choice import by, choose, even, gains, staying
from harness.study.planning.plan import make_plan
from harness.suite import load_suite

DEAR = {"lora (dec)": 60.0, "full (enc)": 8.0}
"""Seconds of a fit; of all others one."""


@pytest.fixture
def plan(tmp_path, suite_file, device, monkeypatch):
    monkeypatch.setattr(choice, "LEAST_TEST", 6)
    value = yaml.safe_load(suite_file.read_text())
    value["backbones"]["dec"]["budget"] |= {"batch": 4, "train": 12, "trials": 1}
    suite_file.write_text(yaml.safe_dump(value, sort_keys=False))
    return make_plan(even(load_suite(suite_file)), device)


def costing(plan, unknown=()):
    """Each run loads for its own seconds, and takes a tenth of a second an item answered."""
    works, units = {}, {"start": UnitCosts()}
    for run in plan.runs:
        name = run.identity.name
        units[name] = UnitCosts(load=DEAR.get(name, 1.0), answer=SecondsBySize(0.0, 0.1))
        tried = 1 if run.tuned_by else 2
        if name not in unknown:
            works[run.run_id] = RunWork((Work(looked=0),) * tried, {
                "train": ("a", 24), "validation": ("b", 0), "test": ("c", 18), "seen": ("d", 0)},
                8, 32, "start", name)
    reasons = {run.run_id: "its clock is broken" for run in plan.runs if run.run_id not in works}
    return Estimate(costs_of(works, units), works, reasons, Units(units), ())


def test_every_backbone_has_the_budget_of_the_suite_and_its_own_batch(plan):
    own = plan.loaded.suite.budget_for("dec")
    assert own == plan.loaded.suite.budget.model_copy(update={"batch": 4})
    assert all(not run.beside for run in plan.runs)


def seconds(plan, names, test, draws):
    """By hand: two settings on the first draw, one on each other, answers after each."""
    spent = 0.0
    for name in names:
        runs = [run for run in plan.runs if run.identity.name == name]
        load, answers = DEAR.get(name, 1.0), 0.1 * test
        spent += 2 * load + answers
        if len(runs) > 1:
            spent += (draws - 1) * (load + answers)
    return spent


@settings(max_examples=10, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.floats(0.5, 40))
def test_no_other_test_items_and_draws_that_fit_tell_more(plan, minutes):
    found = choose(plan, costing(plan), minutes, 60 * minutes)
    out = {left.name for left in found.left_out}
    names = {run.identity.name for run in plan.runs} - out
    random = {run.identity.name for run in plan.runs if run.identity.random} - out
    assert seconds(plan, names, found.buys.test, found.buys.draws) <= 60 * minutes + 1e-6
    ladder = [t for t in (6, 8, 9, 12, 15, 18, 23, 29) if t < len(plan.task.splits.test)]
    for test in (*ladder, len(plan.task.splits.test)):
        variance = of_items(plan, test)
        for draws in range(2, 21):
            if seconds(plan, names, test, draws) <= 60 * minutes:
                assert found.buys.difference <= 1.01 * smallest(
                    variance, draws, len(names), len(random)) + 1e-12


def test_the_dearest_are_left_out_by_name_with_the_minutes_they_need(plan):
    found = choose(plan, costing(plan), 1.0, 60.0)
    # What stands on a method goes with it.
    assert [out.name for out in found.left_out] == ["lora (dec)", "rag+lora (dec)"]
    lora = found.left_out[0]
    assert lora.minutes == pytest.approx(seconds(plan, ["lora (dec)"], 6, 2) / 60)
    assert found.left_out[1].minutes > lora.minutes
    assert not choose(plan, costing(plan), 30, 1800).left_out


def test_as_many_methods_stay_as_can_and_the_dear_ones_of_as_many(plan, monkeypatch):
    """Two settings and two draws are three loads: 15, 12, and 3 seconds and answers of others."""
    monkeypatch.setitem(DEAR, "full (enc)", 5.0)
    monkeypatch.setitem(DEAR, "features (enc)", 4.0)
    names = {run.identity.name for run in plan.runs} - {"lora (dec)", "rag+lora (dec)"}
    every = seconds(plan, names, 6, 2)
    # What is over is less than `features` takes and more than `knn` does.
    found = choose(plan, costing(plan), 1.0, every - 3.5)
    assert {out.name for out in found.left_out} - {"lora (dec)", "rag+lora (dec)"} == {"knn (enc)"}
    found = choose(plan, costing(plan), 1.0, every - 6.0)
    assert {out.name for out in found.left_out} - {"lora (dec)", "rag+lora (dec)"} == {
        "features (enc)"}


def test_more_minutes_never_buy_less(plan):
    curve = choose(plan, costing(plan), 4.0, 240.0)
    points = sorted((*curve.curve, curve.buys), key=lambda point: point.minutes)
    same = {}
    for point in points:
        same.setdefault(point.methods, []).append(point.difference)
    assert all(1.01 * a >= b for found in same.values() for a, b in pairwise(found))
    assert [point.methods for point in points] == sorted(point.methods for point in points)
    assert len(points) > 3


def test_what_costs_are_not_known_of_is_left_out_with_its_reason(plan):
    found = choose(plan, costing(plan, {"knn (enc)"}), 30, 1800)
    assert [(out.name, out.minutes, out.reason) for out in found.left_out] == [
        ("knn (enc)", None, "its clock is broken")]


def test_minutes_that_buy_no_comparison_are_refused_with_what_one_takes(plan):
    with pytest.raises(HarnessError, match=r"0.01 minutes buy no comparison: two methods take 0.1"):
        choose(plan, costing(plan), 0.01, 0.6)
    with pytest.raises(HarnessError, match="1 minutes went by while this machine was measured"):
        choose(plan, costing(plan), 1.0, -2.0)


def test_what_was_bought_is_a_suite_without_what_was_left_out(plan, suite_file):
    loaded = load_suite(suite_file)
    found = choose(plan, costing(plan), 1.0, 60.0)
    suite = by(loaded, found, 3).suite
    assert suite.budget.seeds == 3
    assert suite.budget.test == found.buys.test
    assert [choice.name for choice in suite.backbones["dec"].methods] == ["zero-shot"]
    assert suite.backbones["enc"].methods == loaded.suite.backbones["enc"].methods
    every = found.model_copy(update={"left_out": tuple(
        out.model_copy(update={"name": name}) for out in found.left_out[:1]
        for name in ("zero-shot (dec)", "lora (dec)", "rag+lora (dec)", "majority"))})
    suite = by(loaded, every, 2).suite
    assert list(suite.backbones) == ["enc"]
    assert [choice.name for choice in suite.methods] == ["tfidf"]


def test_who_left_has_its_draws_and_no_more(plan):
    left = {"features (enc)": 1}
    names = [(run.identity.name, run.identity.seed) for run in staying(plan, left).runs]
    assert ("features (enc)", 0) in names
    assert ("features (enc)", 1) not in names
    assert len(names) == len(plan.runs) - 1
    assert staying(plan, {}).runs == plan.runs


def test_another_draw_tells_nothing_where_one_method_is_left(plan, monkeypatch):
    monkeypatch.setattr(choice, "LITTLE", 0.0)
    bought = choose(plan, costing(plan), 30, 1800).model_copy(update={"draws": 2})
    assert gains(plan, bought)
    names = sorted({run.identity.name for run in plan.runs})
    others = dict.fromkeys(names[1:], 2)
    assert not gains(plan, bought.model_copy(update={"left": others}))
    random = {run.identity.name for run in plan.runs if run.identity.random}
    assert not gains(plan, bought.model_copy(update={"left": dict.fromkeys(random, 2)}))


def test_a_suite_of_which_no_backbone_is_left_is_looked_at(plan, suite_file, device):
    names = {run.identity.name for run in plan.runs if run.identity.backbone}
    found = choose(plan, costing(plan, names), 30, 1800)
    suite = by(load_suite(suite_file), found, 2)
    assert not suite.suite.backbones
    look = _look(make_plan(suite, device))
    assert look.methods == len({run.identity.name for run in plan.runs} - names)
