"""Every two methods on all the items that both answered, and what others' answers tell."""

import numpy as np
import pytest
from synthetic import LABELS, answers, examples, record, study

from benchmarks.rungs import METRICS, RATES, SHORT, examine, table
from harness.compare.arms import measure_arms
from harness.compare.pairs import differences
from harness.compare.rungs import mcnemar_of
from harness.compare.summary import summarise
from harness.compare.verdict import decide
from harness.report import ranking
from harness.report.markdown import markdown
from harness.report.published import publish
from harness.study.tables import class_table
from harness.suite import Decide

ALL, FEW = 240, 90
EASIER = 16
"""A seed whose first items are easier than the others."""


def unequal(few=FEW, group=1, seed=4):
    """Three methods on all items, and two, by the name of `dear`, on the first."""
    rng, asked = np.random.default_rng(seed), examples(ALL, group=group)
    ease = rng.normal(size=(ALL, 1)) * np.eye(3)[[e.label for e in asked]] * 1.5
    records, tables = [], {}
    for label, skill, count in (("cheap", 1.2, ALL), ("poor", 0.3, ALL), ("third", 0.9, ALL),
                                ("dear", 1.1, few), ("dear too", 0.6, few)):
        odds = np.exp(np.log(answers(rng, asked, skill, 3)) + ease)
        odds = (odds / odds.sum(axis=1, keepdims=True))[:count]
        own = record(label, 0, asked[:count], odds)
        records.append(own)
        tables[own.identity.run_id] = class_table(asked[:count], odds, LABELS)
    return study(records, asked, decide=Decide(metric="accuracy")), tables


def summary_of(made, tables):
    measured = measure_arms(made.records, made.kind, made.labels, tables.__getitem__)
    arms = measured.arms
    return summarise(made, arms, measured), measured


def test_each_pair_is_on_all_items_that_both_answered():
    summary, measured = summary_of(*unequal())
    for pair in summary.pairs:
        dear = "dear" in pair.first + pair.second
        assert pair.items == (FEW if dear else ALL)
    assert [len(rung.items) for rung in measured.rungs] == [FEW, ALL]
    assert summary.common_items == FEW
    assert summary.answered == {name: FEW if "dear" in name else ALL
                                for name in (row.name for row in summary.rows)}


def test_those_that_answered_all_stand_as_if_they_were_alone():
    made, tables = unequal()
    alone = made.model_copy(update={"records": made.records[:3]})
    few, (whole, _) = summary_of(made, tables)[0], summary_of(alone, tables)
    own = {(p.first, p.second): p for p in whole.pairs}
    for pair in few.pairs:
        if (pair.first, pair.second) in own:
            expected = own[pair.first, pair.second]
            assert pair.mcnemar == expected.mcnemar
            for name, gap in pair.differences.items():
                other = expected.differences[name]
                assert (gap.difference, gap.low, gap.high) == pytest.approx(
                    (other.difference, other.low, other.high))
    for name in ("cheap (b)", "poor (b)"):
        rows = [next(row for row in each.rows if row.name == name) for each in (few, whole)]
        assert rows[0].common == rows[1].common


def test_what_others_answered_of_the_rest_narrows_a_pair_and_moves_it():
    made, tables = unequal()
    summary, measured = summary_of(made, tables)
    metric = measured.estimates.metrics["accuracy"]
    samples = [measured.sample(arm, "accuracy") for arm in measured.arms]
    plain = differences(metric, samples, measured.pool)
    found = {(p.first, p.second): p.differences["accuracy"] for p in summary.pairs}
    gap, other = (next(each for names, each in by.items() if set(names) == {
        "cheap (b)", "dear (b)"}) for by in (found, plain))
    assert 0.5 < gap.left < 0.97
    assert gap.high - gap.low == pytest.approx(gap.left * (other.high - other.low), rel=0.03)
    assert gap.detectable < other.detectable
    assert abs(abs(gap.difference) - abs(other.difference)) > 1e-4
    twins = next(each for names, each in found.items() if set(names) == {
        "dear (b)", "dear too (b)"})
    assert twins.left == 1, "two that answered as few have nothing of it"


def test_of_few_groups_no_coefficients_are_told():
    summary, _ = summary_of(*unequal(group=6))
    assert {gap.left for pair in summary.pairs for gap in pair.differences.values()} == {1.0}


def test_who_stands_first_is_who_is_better_on_the_items_of_both():
    """The first items happen to be easier: the dear one's own figure is higher, it is not."""
    summary, _ = summary_of(*unequal(seed=EASIER))
    by = {row.label: row.common["accuracy"].mean for row in summary.rows}
    assert by["dear"] > by["cheap"]
    labels = [row.label for row in summary.rows]
    assert labels[0] == "cheap"
    assert summary.rows[labels.index("dear")].behind.difference > 0


def test_the_exact_test_is_on_all_items_of_both_too():
    made, tables = unequal()
    summary, measured = summary_of(made, tables)
    pair = next(p for p in summary.pairs if {p.first, p.second} == {"cheap (b)", "poor (b)"})
    right = {}
    for own in made.records:
        odds = tables[own.identity.run_id]
        chosen = np.stack([odds[f"p:{label}"].to_numpy() for label in LABELS]).argmax(axis=0)
        right[own.identity.name] = np.array(LABELS)[chosen] == np.array(odds["target"].to_pylist())
    assert pair.mcnemar.only_first == (right[pair.first] & ~right[pair.second]).sum()
    assert len(mcnemar_of(measured.arms, measured)) == 10


def test_the_report_says_who_answered_fewer_and_what_came_of_it():
    made, tables = unequal()
    found = publish(made, tables.__getitem__, {})
    said = ranking.standing(found.summary)
    assert (f"Of {ALL} test items only {FEW} were answered by dear (b) and dear too (b): every two "
            "methods are compared on all that both answered; what others answered of the rest "
            "makes the intervals of 6 of them narrower, by ") in said
    assert f"on all test items that a method answered, {FEW} and {ALL}" in markdown(found)
    assert decide(found.summary, made.decide).answer is not None


def test_what_would_settle_counts_the_items_of_its_pair():
    summary, _ = summary_of(*unequal())
    verdict = decide(summary, Decide(metric="accuracy", matters=0.001))
    assert verdict.settled_by is None or verdict.settled_by.items == 0 or (
        verdict.settled_by.items > FEW)


def test_simulated_pairs_hold_and_are_narrower():
    found = examine(SHORT, 40)
    assert found.keys() == {f"{metric.name}: {pair}" for metric in METRICS
                            for pair in ("the twin", "the weaker")}
    holds = np.mean([rates["holds"] for rates in found.values()])
    assert holds >= 0.90
    assert all(rates["left"] < 0.92 for rates in found.values())
    assert all(rates["holds"] >= rates["plain holds"] - 0.1 for rates in found.values())
    assert set(found["accuracy: the twin"]) == set(RATES)
    assert "| the weaker" not in table({SHORT.name: (40, found)}).splitlines()[0]
