"""Seeds drive everything: what two seeds of a method learned from and answered."""

import pyarrow as pa
import pytest
from ruled import changed, rule, ruled, within

from harness.measure.question import Asked

NAME = "Seeds drive everything"


def answering_alike(change, label="full"):
    """The study, in which both seeds of a method have the table that `change` makes."""
    study, tables = ruled()
    ids = [r.identity.run_id for r in study.records if r.identity.label == label]
    return study, tables | dict.fromkeys(ids, change(tables[ids[0]]))


def coarse(table):
    """One of three answers to every item."""
    return table.take([i % 3 for i in range(30)]).set_column(0, "item", table["item"])


def in_words(table):
    kept = table.select(["item", "group", "target"])
    return kept.append_column("answer", pa.array([f"answer {i}" for i in range(len(kept))]))


def test_seeds_that_make_a_difference_keep_the_rule():
    found = rule(NAME, *ruled())
    assert found.held is True
    assert "2 pairs of seeds answer by themselves" in found.evidence
    assert "Without randomness, one run: majority" in found.evidence


@pytest.mark.parametrize("artifacts", [("1", "1"), ("1", "2")])
def test_two_seeds_with_the_same_probabilities_break_it(artifacts):
    """Whatever was learned: weights that differ and change no answer were not used."""
    study, tables = answering_alike(lambda table: table)
    for seed, artifact in enumerate(artifacts):
        study = changed(study, lambda r, a=artifact: r.model_copy(
            update={"artifact_sha256": a * 64}), seed=seed)
    found = rule(NAME, study, tables)
    assert found.held is False
    assert "full (b) gives every item the same answer with seeds 0 and 1" in found.evidence


@pytest.mark.parametrize("change", [coarse, in_words])
def test_answers_that_may_be_equal_by_chance_keep_it_where_what_was_learned_differs(change):
    study, tables = answering_alike(change)
    assert rule(NAME, study, tables).held is True, "both seeds drew training items of their own"
    undrawn = changed(study, lambda r: within("identity", draw=0)(within(
        "budget_used", read=r.budget_used.read.model_copy(
            update={"train_sha256": "train 0"}))(r)), seed=1)
    assert rule(NAME, undrawn, tables).held is False
    fitted = changed(undrawn, lambda r: r.model_copy(
        update={"artifact_sha256": str(r.identity.seed) * 64}))
    assert rule(NAME, fitted, tables).held is True


def test_another_sample_than_the_other_methods_drew_breaks_it():
    study, tables = ruled()
    other = changed(study, lambda r: within("budget_used", read=r.budget_used.read.model_copy(
        update={"train_sha256": "other"}))(r), seed=1)
    found = rule(NAME, other, tables)
    assert found.held is False
    assert "full (b), seed 1 and lora (b), seed 1 learned from other items of draw 1" \
        in found.evidence


def test_draws_that_are_the_same_items_break_it():
    study, tables = ruled()
    for label in ("full", "lora"):
        study = changed(study, lambda r: within("budget_used", read=r.budget_used.read.model_copy(
            update={"train_sha256": "train 0"}))(r), label)
    found = rule(NAME, study, tables)
    assert found.held is False
    assert "draws 0 and 1 are the same training items" in found.evidence


def test_a_method_with_fewer_seeds_than_the_others_breaks_it():
    study, tables = ruled()
    fewer = study.model_copy(update={"records": study.records[:-1]})
    found = rule(NAME, fewer, tables)
    assert found.held is False
    assert "lora (b) has seeds 0" in found.evidence


def test_a_method_without_randomness_with_two_runs_breaks_it():
    study, tables = ruled()
    found = rule(NAME, changed(study, within("identity", random=False)), tables)
    assert found.held is False
    assert "full (b), which is without randomness, has 2 runs" in found.evidence


def test_nothing_is_said_where_no_method_has_two_seeds_or_no_record_names_its_items():
    assert rule(NAME, *ruled(seeds=1)).held is None
    study, tables = ruled()
    for label in ("majority", "full", "lora"):
        study = changed(study, within("budget_used", read=None), label)
    assert rule(NAME, study, tables).held is None


def test_prompts_that_differ_excuse_equal_answers_in_words():
    """Worked examples that were drawn by seed, of one draw of training items."""
    study, tables = answering_alike(in_words)
    said = {"item": "i00000", "prompt_sha256": "1" * 64, "options_sha256": None, "tokens": 30,
            "added": 12}
    study = changed(study, lambda r: within("identity", draw=0)(within(
        "budget_used", read=r.budget_used.read.model_copy(update={"train_sha256": "train 0"}))(r)),
        seed=1)
    for same in (True, False):
        asked = changed(study, lambda r, same=same: r.model_copy(update={"asked": Asked(
            **said, whole_sha256=("0" if same else str(r.identity.seed)) * 64)}))
        assert rule(NAME, asked, tables).held is not same
