"""What runs cost is what they do times what a unit of it was measured to take: no machine here."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backbones.handle import Handle
from harness.methods.work import Reading, Work
from harness.study.estimate.cost import Cost
from harness.study.estimate.estimate import Estimate, RunWork, costs_of
from harness.study.estimate.measuring import Units
from harness.study.estimate.units import SecondsBySize as By
from harness.study.estimate.units import UnitCosts, line_through
from harness.suite import Latency

OWN = UnitCosts(load=2.0, step=By(1.0, 0.01), again=By(0.5, 0.01), tokens=10.0, fit=0.25,
                answer=By(0.5, 0.125), longer=0.001, known=4, save=3.0, step_flops=7.0,
                answer_flops=11.0, longer_flops=2.0, kernels=100.0, memory=1e6, second=2e5)
UNITS = {"start": UnitCosts(load=0.25), "own": OWN, "frozen": UnitCosts(load=1.0,
         answer=By(0.0, 0.5), memory=3e5), "asked": UnitCosts(load=5.0, answer=By(0.0, 0.75))}
HANDLE = Handle("tiny", "encoder", None, "e" * 64, "tiny")
PARTS = {"train": ("a", 40), "validation": ("b", 8), "test": ("c", 64), "seen": ("d", 8)}


def run_of(*fits, **fields):
    return RunWork(fits, fields.pop("parts", PARTS), batch=8, at_once=32, start="start", **fields)


def cost(work):
    return costs_of({"one": work}, UNITS)["one"]


def test_a_run_that_learns_is_its_steps_and_its_looks():
    work = Work(steps=5, later=10, looked=16)
    found = cost(run_of(work, own="own"))
    # Loaded; steps of 80 tokens; 16 items looked at in one batch.
    assert found.adapt.seconds == pytest.approx(2 + 5 * 1.8 + 10 * 1.3 + (0.5 + 16 * 0.125))
    # Its process and record; 64 test items in two batches, 8 of validation, 8 that were seen.
    assert found.results.seconds == pytest.approx(0.25 + 3 + (1 + 8) + 2 * (0.5 + 1))
    assert found.training_flops == 7 * 80 * 15
    assert found.forgetting == found.latency == Cost()
    assert found.memory == 1e6


def test_each_setting_is_tried_and_the_model_of_another_kept_meanwhile():
    work = Work(steps=5, later=10, looked=16)
    one, two = (cost(run_of(*[work] * count, own="own")) for count in (1, 2))
    assert two.adapt.seconds == pytest.approx(2 * one.adapt.seconds)
    assert two.results == one.results
    assert (one.memory, two.memory) == (1e6, 1.2e6)


def test_answers_are_those_of_the_dearest_setting_whichever_is_chosen():
    plain, calibrated = Work(), Work(prompts=3)
    both, dear = cost(run_of(plain, calibrated, own="own")), cost(run_of(calibrated, own="own"))
    # With one setting nothing is chosen on validation: it is answered for the record.
    validation = 3 * (0.5 + 8 * 0.125)
    assert both.results.seconds == pytest.approx(dear.results.seconds - validation)


def test_a_later_seed_fits_once_by_the_setting_that_was_chosen():
    few, many = Work(steps=5, looked=16), Work(steps=50, looked=16)
    first, later = (cost(run_of(few, many, own="own", told=told)) for told in (False, True))
    alone = cost(run_of(many, own="own"))
    assert later.adapt == alone.adapt
    assert later.results == alone.results
    assert later.memory == alone.memory < first.memory
    assert first.adapt.seconds == pytest.approx(
        alone.adapt.seconds + cost(run_of(few, own="own")).adapt.seconds)


def test_more_test_items_are_answered_and_nothing_else():
    work = run_of(Work(steps=5, looked=16), own="own")
    more = cost(work.asked(128))
    assert more.adapt == cost(work).adapt
    assert more.results.seconds == pytest.approx(cost(work).results.seconds + 2 * 0.5 + 64 * 0.125)


def test_what_learns_without_steps_is_chosen_on_validation_and_one_setting_is_not_chosen():
    two = cost(run_of(*[Work(fitted=40)] * 2, own="own"))
    assert two.adapt.seconds == pytest.approx(2 * (2 + 0.25 * 40 + 0.5 + 8 * 0.125))
    one = cost(run_of(Work(fitted=40), own="own"))
    assert one.adapt.seconds == pytest.approx(2 + 0.25 * 40)
    assert one.results.seconds == pytest.approx(two.results.seconds + 0.5 + 8 * 0.125)


def test_prompts_cost_what_stands_in_them():
    plain, longer, several, headed = (
        cost(run_of(Work(**fields), own="own")).whole.seconds
        for fields in ({}, {"before": 100}, {"prompts": 4}, {"head": 500}))
    answers = 64 + 8 + 8 + 8
    assert longer - plain == pytest.approx(0.001 * 100 * answers)
    assert several - plain == pytest.approx(3 * (5 * 0.5 + 0.125 * answers))
    assert headed - plain == pytest.approx(0.001 * 500)


def test_what_is_held_against_all_training_items_costs_their_number():
    few, many = (cost(run_of(Work(compared=known), own="own")).results.seconds
                 for known in (4, 40))
    assert many - few == pytest.approx(9 * 0.125 * (64 + 8 + 8 + 8))


def test_texts_are_read_once_and_the_first_run_that_needs_them_has_their_cost():
    first = run_of(Work(prompts=0), own=None, readings=((Reading("key", HANDLE), "frozen"),))
    other = replace(first, readings=((Reading("other", HANDLE), "frozen"),))
    probed = replace(first, readings=((Reading("third", HANDLE, answering=False), "frozen"),))
    found = costs_of({"a": first, "b": first, "c": other, "d": probed}, UNITS)
    assert found["a"].adapt.seconds == found["c"].adapt.seconds == 1 + 0.5 * (40 + 8 + 64 + 8)
    assert found["b"].adapt.seconds == 0
    assert found["d"].adapt.seconds == 1 + 0.5 * (40 + 8)
    assert found["a"].memory == 3e5


def test_passages_of_a_corpus_are_read_once_too():
    readings = ((Reading("key", HANDLE, passages=100), "frozen"),)
    found = costs_of(dict.fromkeys("ab", run_of(Work(), own="own", readings=readings)), UNITS)
    assert (found["a"].adapt.seconds - found["b"].adapt.seconds
            == pytest.approx(1 + 0.5 * (40 + 8 + 64 + 8 + 100)))


def test_general_items_and_the_latency_round():
    found = cost(run_of(Work(steps=1), own="own", questions="asked", examined=20,
                        timed=Latency(requests=3, warmup=1, batch=4, batches=2)))
    assert found.forgetting.seconds == 2 + 5 + 20 * 0.75
    assert found.latency.seconds == 2 + 4 * (0.5 + 0.125) + 2 * (0.5 + 4 * 0.125)


counts = st.integers(0, 300)
works = st.builds(Work, steps=counts, later=counts, looked=counts, fitted=counts,
                  compared=counts, prompts=st.integers(0, 5), before=counts, head=counts)
runs = st.builds(
    lambda fits, sizes: run_of(*fits, own="own", parts={
        name: (name, size) for name, size in zip(PARTS, sizes, strict=True)}),
    st.lists(works, min_size=1, max_size=3), st.tuples(*[st.integers(1, 500)] * 4))


@given(st.lists(runs, min_size=1, max_size=5))
def test_runs_add_up_to_the_whole(drawn):
    found = costs_of(dict(enumerate(drawn)), UNITS)
    total = Estimate(found, {}, {}, Units(), ()).total
    assert total.seconds == pytest.approx(sum(cost.whole.seconds for cost in found.values()))
    for one in found.values():
        parts = (one.adapt, one.results, one.forgetting, one.latency)
        assert one.whole.seconds == pytest.approx(sum(part.seconds for part in parts))


@given(runs, st.sampled_from(sorted(PARTS)), st.integers(1, 500))
def test_more_items_never_cost_less(drawn, part, more):
    name, size = drawn.parts[part]
    larger = replace(drawn, parts={**drawn.parts, part: (name, size + more)})
    assert cost(larger).whole.seconds >= cost(drawn).whole.seconds - 1e-9


@given(st.lists(st.tuples(st.floats(1, 1e4), st.floats(1e-3, 1e3)), min_size=1, max_size=6))
def test_a_line_never_goes_down_nor_below_nothing(points):
    line = line_through(points)
    assert line.start >= 0
    assert line.each > 0


def test_a_line_goes_through_the_quickest_of_both_sizes():
    line = line_through([(100, 3.0), (10, 1.0), (100, 2.8), (10, 1.9)])
    assert (line.at(10), line.at(100)) == pytest.approx((1.0, 2.8))
