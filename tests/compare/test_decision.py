"""Prices, fronts and verdicts."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from synthetic import drawn_study, forgetting, published

from harness.commands.study import short_of
from harness.compare.economics import Bill, cheapest, crossing, rate
from harness.compare.pairs import Sample, differences
from harness.compare.pareto import front
from harness.compare.pool import Pool
from harness.compare.verdict import ahead
from harness.report import ranking, sentences, words
from harness.report.console import make_console
from harness.report.markdown import markdown
from harness.report.page import page
from harness.report.published import publish
from harness.suite import Decide, Limits, Prices
from harness.targets.metrics import ACCURACY

bills = st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 100)), min_size=1, max_size=8).map(
    lambda rows: [Bill(name=str(i), adaptation=a, million_requests=s, kilowatt_hours=0)
                  for i, (a, s) in enumerate(rows)])


@given(bills, st.floats(0, 1e9))
def test_the_envelope_is_the_cheapest_at_any_volume(found, requests):
    steps = cheapest(found)
    assert steps[0].requests == 0
    assert [s.requests for s in steps] == sorted(s.requests for s in steps)
    name = [s.name for s in steps if s.requests <= requests][-1]
    chosen = next(b for b in found if b.name == name)
    least = min(b.total(requests) for b in found)
    assert chosen.total(requests) == pytest.approx(least, rel=1e-6, abs=1e-6)


def test_where_two_bills_cross_they_are_equal():
    one = Bill(name="a", adaptation=1, million_requests=9, kilowatt_hours=0)
    other = Bill(name="b", adaptation=5, million_requests=1, kilowatt_hours=0)
    at = crossing(one, other)
    assert at == pytest.approx(500_000)
    assert one.total(at) == pytest.approx(other.total(at))
    assert crossing(one, one) is None


def test_a_bill_is_what_adapting_costs_and_each_request():
    found = Bill(name="a", adaptation=3, million_requests=8, kilowatt_hours=0)
    assert found.total(250_000) == 5


def test_the_user_s_prices_come_before_the_table_s():
    table = rate(Prices(), "cpu")
    own = rate(Prices(device_hour=2, watts=500, kilowatt_hour=0.4, currency="EUR"), "cpu")
    assert not table.own
    assert (own.currency, own.hour, own.own) == ("EUR", pytest.approx(2.2), True)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12))
def test_a_front_is_what_nothing_dominates(values):
    for i, on in enumerate(front(values)):
        dominated = any(all(a >= b for a, b in zip(other, values[i], strict=True))
                        and other != values[i] for other in values)
        assert on is not dominated


def test_an_unknown_figure_never_helps():
    assert front([(1.0, float("nan")), (1.0, 5.0)]) == [False, True]


def test_the_cheapest_of_those_not_told_from_the_best_is_recommended():
    found = published({"dear": 3.0, "cheap": 3.0, "weak": 0.8}, items=400, seeds=5,
                      costs={"dear": (900.0, 50.0), "cheap": (1.0, 0.5), "weak": (1.0, 0.1)})
    verdict = found.verdict
    assert verdict.recommended == "cheap (b)"
    assert {r.name for r in verdict.rivals} == {"dear (b)", "cheap (b)"}
    assert sentences.headline(found).startswith("Lean to cheap (b): macro F1 ")
    assert sentences.headline(found).endswith(
        f"a loss of up to {verdict.loss:.3f} against another is not ruled out.")
    assert verdict.answer == "lean"
    assert verdict.loss > verdict.matters
    assert verdict.settled_by.items > 400
    assert any("would settle it" in line for line in sentences.would_change(found))
    assert "costs least" in " ".join(sentences.why(found))
    assert {row.name for row in found.summary.rows if row.standing == "lower"} == {
        "weak (b)", "majority"}


def test_so_many_items_would_settle_it_were_differences_what_they_are():
    """With t times the items the items' part of the variance is one t-th of what it is: then the
    upper end of every difference that is below what matters would lie at that, or below."""
    found = published({"dear": 3.0, "cheap": 3.0, "third": 2.9}, items=400, seeds=5, costs={
        "dear": (900.0, 50.0), "cheap": (1.0, 0.5)}, majority=False, decide=Decide(matters=0.01))
    verdict = found.verdict
    assert verdict.answer == "lean"
    assert {step.name for step in verdict.cheapest_by_requests} == {"cheap (b)"}
    assert 1 < verdict.settled_by.times < math.inf
    ends = []
    for other in {row.name for row in found.summary.rows} - {verdict.recommended}:
        gap = ahead(found.summary, other, verdict.recommended)
        left = gap.items_share / verdict.settled_by.times + 1 - gap.items_share
        ends.append(gap.difference + (gap.at_most - gap.difference) * left**0.5)
    assert max(ends) == pytest.approx(0.01)
    assert verdict.settled_by.items == math.ceil(400 * verdict.settled_by.times)


def test_a_method_that_is_significantly_better_wins_though_dear():
    found = published({"dear": 4.0, "cheap": 1.0}, items=300,
                      costs={"dear": (900.0, 50.0), "cheap": (1.0, 0.5)})
    assert found.verdict.recommended == "dear (b)"
    assert found.verdict.loss == 0, "less than nothing can be lost against no other"
    assert "Every other admissible method is significantly lower" in sentences.why(found)[0]


def test_what_no_method_is_better_than_by_what_matters_is_to_be_used():
    costs = {"dear": (900.0, 50.0), "cheap": (1.0, 0.5)}
    found = published({"dear": 3.0, "cheap": 3.0}, items=400, costs=costs,
                      decide=Decide(matters=0.1))
    assert not short_of(make_console(), found, "use")
    assert (found.verdict.answer, found.verdict.recommended) == ("use", "cheap (b)")
    assert 0 <= found.verdict.loss <= 0.1
    assert found.verdict.settled_by is None
    assert sentences.headline(found).startswith("Use cheap (b): macro F1 ")
    assert any("shown at 5% over all methods" in line for line in sentences.why(found))


@pytest.mark.parametrize(("names", "said"), [
    (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")])
def test_several_names_are_said_as_people_say_them(names, said):
    assert words.listed(names) == said


def test_a_dearer_method_that_looks_better_and_is_not_shown_to_be_leaves_it_undecided():
    costs = {"dear": (900.0, 50.0), "cheap": (1.0, 0.5)}
    found = published({"dear": 2.0, "cheap": 1.2}, items=60, seeds=1, costs=costs,
                      decide=Decide(matters=0.001))
    verdict = found.verdict
    assert (verdict.outcome, verdict.answer) == ("undecided", "undecided")
    assert verdict.recommended is None
    assert verdict.between == ("cheap (b)", "dear (b)")
    assert sentences.headline(found) == "Undecided between cheap (b) and dear (b) (macro F1)."
    why = " ".join(sentences.why(found))
    gap = ahead(found.summary, "dear (b)", "cheap (b)")
    assert "neither shown to be so nor shown" in why
    assert f"what matters (0.001): dear (b) by {sentences.interval(gap)}; the" in why
    console = make_console()
    for asked in ("lean", "use"):
        with console.capture() as said:
            assert short_of(console, found, asked)
        assert f"the verdict is less than `{asked}`: Undecided" in said.get().replace("\n", " ")
    page(found)
    markdown(found)


def test_a_method_that_is_truly_worse_is_hardly_ever_to_be_used():
    """The cheapest of three truly 0.05 lower than the dearest, and 0.02 matters: nominal 5%."""
    rng, said, studies, items = np.random.default_rng(3), 0, 400, 150
    for _ in range(studies):
        samples = []
        for i, share in enumerate((0.85, 0.85, 0.80)):
            right = (rng.random(items) < share).astype(float)
            shift = (right - right.mean()) / (items * (items - 1)) ** 0.5
            samples.append(Sample(str(i), [right.mean()], shift, right))
        found = differences(ACCURACY, samples, Pool.even(items))
        said += max(found["0", "2"].at_most, found["1", "2"].at_most) <= 0.02
    assert said / studies <= stats.binom.ppf(0.999, studies, 0.05) / studies


def test_limits_rule_out_and_say_what_they_would_change():
    rules = Decide(limits=Limits(p95_ms=10, money=1))
    found = published({"dear": 4.0, "cheap": 1.0}, items=300, decide=rules,
                      costs={"dear": (9.0, 50.0), "cheap": (1.0, 0.5)})
    assert found.verdict.recommended == "cheap (b)"
    assert found.verdict.highest == "dear (b)"
    assert [(b.name, b.limit) for b in found.verdict.ruled_out] == [
        ("dear (b)", "p95_ms"), ("dear (b)", "money")]
    assert sentences.ruled_out(found.verdict)[0] == (
        "dear (b): p95 latency 100 ms (limit 10 ms)")


@pytest.mark.parametrize(("limit", "measured"), [
    ("p95_ms", 14.0), ("device_hours", 0.01), ("peak_memory_gb", 1.0), ("artifact_mb", 0.001),
    ("forgetting_points", 25.0)])
def test_each_limit_is_held_against_its_own_figure_in_its_own_unit(limit, measured):
    """36 s on one device, 7 ms an item with a p95 twice that, 10^9 bytes of memory, 1,000 of
    weights, and a quarter of the benchmarks' items lost."""
    def ruled_out(allowed):
        study, tables = drawn_study({"only": 3.0}, costs={"only": (36.0, 7.0)},
                                    decide=Decide(limits=Limits(**{limit: allowed})))
        records = tuple(r.model_copy(update={"forgetting": forgetting()})
                        if r.identity.label == "only" else r for r in study.records)
        found = publish(study.model_copy(update={"records": records}), tables.__getitem__, {})
        assert not found.verdict.unproven
        return [(b.limit, b.found, b.allowed) for b in found.verdict.ruled_out
                if b.name == "only (b)"]

    assert ruled_out(measured) == []
    assert ruled_out(0.99 * measured) == [
        (limit, pytest.approx(measured, rel=1e-9), 0.99 * measured)]


def test_without_one_limit_the_verdict_may_be_another():
    found = published({"dear": 4.0, "cheap": 1.0}, items=300, decide=Decide(
        limits=Limits(p95_ms=10)), costs={"dear": (9.0, 50.0), "cheap": (1.0, 0.5)})
    assert found.verdict.without_limit == {"p95_ms": "dear (b)"}
    assert "Without the limit on p95 latency it would be dear (b)." in (
        sentences.would_change(found))


def test_an_unmeasured_figure_cannot_keep_a_limit():
    study, tables = drawn_study({"only": 3.0}, decide=Decide(limits=Limits(p95_ms=10)))
    blind = [r.model_copy(update={"latency": None}) for r in study.records]
    found = publish(study.model_copy(update={"records": tuple(blind)}), tables.__getitem__, {})
    assert found.verdict.recommended is None
    assert found.verdict.outcome == "limits-unmeasured"
    assert {b.name for b in found.verdict.unproven} == {"only (b)", "majority"}
    assert sentences.headline(found) == (
        "No recommendation yet: p95 latency is limited and not measured. By all that was measured "
        "it would be only (b).")
    assert "only (b): p95 latency (limit 10 ms)" in sentences.not_measured(found)


def test_the_only_method_is_not_said_to_beat_others():
    found = published({"only": 3.0}, majority=False)
    assert sentences.why(found)[0] == "It is the only method that keeps every limit."


def test_without_a_price_the_highest_is_named_and_no_cost_is_claimed():
    study, tables = drawn_study({"a": 3.0, "b": 3.0}, items=60)
    blind = [r.model_copy(update={"latency": None}) for r in study.records]
    found = publish(study.model_copy(update={"records": tuple(blind)}), tables.__getitem__, {})
    assert found.verdict.recommended == found.summary.rows[0].name
    assert "costs least" not in " ".join(sentences.why(found))
    assert any(line.startswith("The cost of ") for line in sentences.not_measured(found))


def test_failed_seeds_are_said():
    study, tables = drawn_study({"a": 3.0}, seeds=3)
    gone = [r if r.identity.seed == 0 else r.model_copy(update={
        "status": r.status.model_copy(update={"state": "failed", "reason": "x"}),
        "quality": None}) for r in study.records]
    found = publish(study.model_copy(update={"records": tuple(gone)}), tables.__getitem__, {})
    said = sentences.not_measured(found)
    assert "a (b): 2 of 3 seeds have no result" in said
    assert any("one seed was run" in line for line in said)
    once = [r if r.identity.seed != 2 else gone[place] for place, r in enumerate(study.records)]
    found = publish(study.model_copy(update={"records": tuple(once)}), tables.__getitem__, {})
    (row,) = (row for row in found.summary.rows if row.label == "a")
    assert (row.seeds, row.failed, row.reason) == (3, 1, "failed: x")


def test_a_metric_that_is_not_defined_is_said_and_the_others_stay():
    study, tables = drawn_study({"a": 3.0}, items=30, decide=Decide(metric="roc_auc"))
    kept = {run_id: table.filter(np.array(table["target"].to_pylist()) != "maybe")
            for run_id, table in tables.items()}
    found = publish(study, kept.__getitem__, {})
    assert found.verdict.outcome == "metric-undefined"
    assert "ROC AUC is not defined" in sentences.headline(found)
    assert all("accuracy" in row.common for row in found.summary.rows)
    page(found)
    markdown(found)


def test_a_renamed_majority_is_still_the_floor():
    study, tables = drawn_study({"guess": 0.0}, items=60)
    renamed = [r.model_copy(update={"identity": r.identity.model_copy(update={"label": "floor"})})
               if r.identity.label == "majority" else r for r in study.records]
    found = publish(study.model_copy(update={"records": tuple(renamed)}), tables.__getitem__, {})
    assert found.verdict.outcome == "not-above-floor"


def test_more_items_or_more_seeds():
    found = published({"good": 2.6, "best": 2.7}, items=200, seeds=1, majority=False,
                      costs={"good": (1.0, 0.1), "best": (100.0, 10.0)})
    (needed,) = found.verdict.items_needed.values()
    assert found.verdict.recommended == "good (b)"
    assert needed > 200


def test_what_more_seeds_would_show_is_said_once():
    found = published({"good": 2.6, "best": 2.7}, items=60, seeds=1)
    verdict = found.verdict.model_copy(update={"items_needed": {"a": 0, "b": 300, "c": 0}})
    said = sentences.would_change(found.model_copy(update={"verdict": verdict}))
    assert said[-2:] == [
        "b was higher. If that difference is real, about 300 test items would show it.",
        "a and c were higher. If that is real, more seeds are needed to show it."]


def test_rare_classes_are_named():
    assert published({"a": 2.0}, items=24).summary.few_groups == {"yes": 8, "no": 8, "maybe": 8}
    assert published({"a": 2.0}, items=150).summary.few_groups == {}


def test_half_a_price_is_refused():
    with pytest.raises(ValueError, match="together"):
        Prices(currency="EUR")


def test_nothing_is_recommended_that_is_not_above_the_majority_class():
    found = published({"guess": 0.0}, items=60)
    assert found.verdict.outcome == "not-above-floor"
    assert found.verdict.recommended is None
    assert "always answering the most frequent class" in sentences.headline(found)


def test_a_study_without_a_result_has_no_verdict():
    study, _ = drawn_study({"a": 1.0}, majority=False)
    failed = [r.model_copy(update={"status": r.status.model_copy(update={"state": "failed"})})
              for r in study.records]
    found = publish(study.model_copy(update={"records": tuple(failed)}), {}.__getitem__, {})
    assert found.verdict.outcome == "nothing-measured"


def test_tied_and_too_small_a_study_are_different_words():
    few = published({"a": 2.0, "b": 2.0}, items=40, majority=False)
    many = published({"a": 2.0, "b": 2.0}, items=40, majority=False,
                     decide=Decide(matters=0.95))
    assert [row.standing for row in few.summary.rows] == ["best", "undecided"]
    assert [row.standing for row in many.summary.rows] == ["best", "tied"]
    assert "too small" in ranking.standing(few.summary).lower()
    assert "Tied with it" in ranking.standing(many.summary)


def test_break_even_names_the_volume():
    found = published({"tuned": 3.0, "prompted": 3.0}, items=300,
                      decide=Decide(requests=10, matters=0.1),
                      costs={"tuned": (3600.0, 1.0), "prompted": (0.1, 100.0)})
    assert found.verdict.recommended == "prompted (b)"
    (first, second) = found.verdict.cheapest_by_requests
    assert (first.name, second.name) == ("prompted (b)", "tuned (b)")
    # One hour of adaptation against 99 ms a request.
    assert second.requests == pytest.approx(3599.9 / 0.099, rel=1e-6)


def test_the_same_facts_give_the_same_verdict():
    one, other = (published({"a": 2.0, "b": 1.9}) for _ in range(2))
    assert one.model_dump_json() == other.model_dump_json()


def test_a_single_seed_is_said():
    found = published({"a": 3.0}, seeds=1, majority=False)
    assert any("one seed was run" in line for line in sentences.not_measured(found))


def test_learning_curves_say_from_which_size_on():
    found = published({"strong": 4.0, "weak": 1.0}, items=300, sizes=(8, 32), majority=False)
    assert [[p.train for p in c.points] for c in found.curves.curves] == [[8, 32, 64]] * 2
    (step,) = found.curves.overtakings
    assert (step.winner, step.loser) == ("strong (b)", "weak (b)")
    assert step.train in (8, 32)
    turned = published({"weak": 1.0, "strong": 4.0}, items=300, sizes=(8, 32), seeds=4,
                       majority=False)
    (step,) = turned.curves.overtakings
    assert (step.winner, step.loser) == ("strong (b)", "weak (b)")
    assert len(found.summary.rows) == 2, "smaller sizes are no rows of the main table"
    assert published({"a": 1.0}).curves is None


def test_disagreements_hold_what_each_method_answered():
    study, tables = drawn_study({"a": 1.0, "b": 1.0}, items=30, seeds=1, majority=False)
    found = publish(study, tables.__getitem__, {"i00003": "x" * 1000, "i00004": "\ud800"})
    assert found.disagreements
    for item in found.disagreements:
        named = [name for names in item.answers.values() for name in names]
        assert sorted(named) == ["a (b)", "b (b)"]
        assert len(item.answers) == 2
        assert item.right == len(item.answers.get(item.target, ()))
        assert len(item.text) <= 401
    found.model_dump_json()


def test_reliability_bins_hold_every_item():
    found = published({"a": 1.0}, items=50)
    for method in found.calibration:
        assert sum(b.items for b in method.bins) == 50
        share = sum(b.items * b.accuracy for b in method.bins) / 50
        row = next(r for r in found.summary.rows if r.name == method.name)
        if row.seeds == 1:
            assert share == pytest.approx(row.common["accuracy"].mean)
    assert np.isfinite([b.confidence for m in found.calibration for b in m.bins]).all()


def test_a_size_above_what_there_is_is_the_size_that_was_used():
    study, tables = drawn_study({"strong": 4.0, "weak": 1.0}, items=300, sizes=(8,),
                                majority=False)
    used = [r.budget_used.model_copy(update={"train_items": 20})
            if r.identity.budget["train"] == 64 else r.budget_used for r in study.records]
    short = study.model_copy(update={"records": tuple(
        r.model_copy(update={"budget_used": u}) for r, u in zip(study.records, used, strict=True))})
    found = publish(short, tables.__getitem__, {})
    assert [[p.train for p in c.points] for c in found.curves.curves] == [[8, 20]] * 2
    assert {step.train for step in found.curves.overtakings} <= {8, 20}
    assert found.curves.overtakings


def test_one_group_of_items_decides_nothing():
    study, tables = drawn_study({"good": 3.0, "bad": 0.2}, items=60, seeds=1, majority=False)
    alike = {run: table.set_column(table.column_names.index("group"), "group",
                                   pa.array(["one"] * len(table)))
             for run, table in tables.items()}
    found = publish(study, alike.__getitem__, {})
    assert {row.standing for row in found.summary.rows} == {"best", "undecided"}
    assert not found.verdict.items_needed
    assert "cannot tell a difference of any size" in ranking.standing(found.summary)
    assert type(found).model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(("reach", "words"), [
    ([0.1, 0.3], "a difference had to be 0.100 to 0.300, depending on the method"),
    ([0.1, math.inf], "0.100 to 0.100, depending on the method; of some, none could be found"),
    ([math.inf, math.inf], "the items cannot tell a difference of any size: they are too few")])
def test_a_difference_that_cannot_be_is_none_that_could_be_found(reach, words):
    assert words in ranking.detectable(reach)
