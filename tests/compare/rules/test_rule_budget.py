"""Same budget: what runs used, against what they are allowed and what others used."""

import pytest
from ruled import BUDGET, changed, rule, ruled, ruled_with, within

NAME = "Same budget"


def test_runs_that_used_what_they_are_allowed_keep_the_rule():
    found = rule(NAME, *ruled())
    assert found.held is True
    assert "each took 4 steps, none more than allowed, and saw 64 examples" in found.evidence


@pytest.mark.parametrize(("fields", "said"), [
    ({"steps": 5, "examples_seen": 80, "epochs_used": 1.25}, "took 5 steps, where 4 are allowed"),
    ({"train_items": 65}, "train 65, where 64 are allowed"),
    ({"validation_items": 10}, "validation 10, where 9 are allowed"),
    ({"effective_batch": 32}, "batch 32, where 16 are allowed"),
    ({"max_length": 65}, "max_length 65, where 64 are allowed"),
    ({"examples_seen": 128}, "saw 128 examples in 4 steps of 16, which hold 64"),
    ({"examples_seen": 60}, "saw 60 examples in 4 steps of 16, which hold 64"),
    ({"taught_items": 50}, "saw 64 examples in 4 steps of 16, which hold 50"),
    ({"epochs_used": 2.0}, "went 2.00 times through its examples, in steps for 1.00"),
    ({"tokens_seen": 64 * 64 + 1}, "saw 4097 tokens of 64 examples that have at most 64"),
    ({"tokens_seen": 10}, "saw 10 tokens of 64 examples"),
    ({"texts": 2, "examples_seen": 65}, "saw 65 examples in 4 steps of 16, which hold 49 to 64"),
])
def test_a_run_that_used_anything_else_breaks_it(fields, said):
    found = ruled_with(NAME, "budget_used", 1, **fields)
    assert found.held is False
    assert f"full (b), seed 1: {said}" in found.evidence


def test_a_last_batch_that_is_not_full_and_pairs_of_items_keep_it():
    study, tables = ruled()
    ragged = {"train_items": 60, "examples_seen": 60}
    for label in ("full", "lora"):
        study = changed(study, within("budget_used", **ragged), label)
    assert rule(NAME, study, tables).held is True
    # Of 64 items 50 teach: a pass is four steps, of 16, 16, 16 and 2.
    fewer = changed(study, within("budget_used", taught_items=50, examples_seen=50))
    assert rule(NAME, fewer, tables).held is True
    paired = changed(study, within("budget_used", texts=2, examples_seen=64, epochs_used=0.5))
    assert rule(NAME, paired, tables).held is True


def test_seeds_of_one_method_with_other_numbers_of_items_break_it():
    study, tables = ruled()
    fewer = changed(study, within("budget_used", train_items=50, examples_seen=50), seed=1)
    found = rule(NAME, fewer, tables)
    assert found.held is False
    assert "full (b), seed 0 and full (b), seed 1 had other numbers of items" in found.evidence


def test_a_text_that_is_longer_than_the_words_allowed_breaks_it():
    study, tables = ruled()
    longer = changed(study, lambda r: within("budget_used", read=r.budget_used.read.model_copy(
        update={"words_longest": 41}))(r), seed=0)
    found = rule(NAME, longer, tables)
    assert found.held is False
    assert "max_words 41, where 40 are allowed" in found.evidence


def test_windows_that_cut_the_same_texts_otherwise_break_it():
    study, tables = ruled()
    found = rule(NAME, changed(study, within("budget_used", share_cut=0.1), seed=1), tables)
    assert found.held is False
    assert "full (b), seed 1 10.0% and lora (b), seed 1 0.0%" in found.evidence


def test_a_method_with_a_longer_window_than_the_others_breaks_it():
    study, tables = ruled()
    wider = changed(study, within("identity", budget=BUDGET | {"max_length": 128}))
    found = rule(NAME, wider, tables)
    assert found.held is False
    assert "full (b) and lora (b) have budgets of their own" in found.evidence


def test_a_recipe_with_a_length_of_its_own_is_said():
    study, tables = ruled(("full", "lora", "pairs"))
    own = changed(study, within("budget_used", steps_allowed=9), "pairs")
    found = rule(NAME, own, tables)
    assert found.held is True
    assert "pairs (b) has at most 9 steps by its own recipe, others 4." in found.evidence


def test_older_records_do_not_say_how_many_examples_they_saw():
    study, tables = ruled()
    older = changed(study, within("budget_used", examples_seen=None), seed=0)
    assert rule(NAME, older, tables).held is None
    beyond = changed(older, within("budget_used", steps=9), seed=0)
    assert rule(NAME, beyond, tables).held is False


def test_nothing_is_said_where_no_run_is_done():
    study, _ = ruled()
    assert rule(NAME, study.model_copy(update={"records": ()}), {}).held is None
