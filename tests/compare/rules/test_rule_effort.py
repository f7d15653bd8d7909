"""No method left for want of effort: each left by evidence."""

from minutes_given import by_minutes
from ruled import ruled

from harness.compare.leaving import Left
from harness.compare.matching import matching_rules

NAME = "Left by evidence"


def rules_of(draws, left=(), unfinished=()):
    """Of `full` with four draws and `lora` with so many."""
    study, tables = ruled(seeds=4)
    kept = tuple(r for r in study.records
                 if r.identity.label != "lora" or r.identity.seed in draws)
    study = by_minutes(study.model_copy(update={"records": kept, "unfinished": unfinished}), 4)
    return {rule.name: rule for rule in matching_rules(study, tables.__getitem__, left)}


def left(draws):
    return Left(name="lora (b)", draws=draws, minutes=2.0 * draws, better="full (b)",
                difference=0.2, at_least=0.05, at_most=0.3)


def test_all_that_took_part_in_every_draw_are_said():
    rule = rules_of(range(4))[NAME]
    assert rule.held
    assert rule.evidence == "All methods took part in every draw: 4."


def test_one_that_left_by_evidence_keeps_it_and_the_evidence_is_shown():
    found = rules_of(range(2), (left(2),))
    assert found[NAME].held
    assert found[NAME].evidence == (
        "Of 4 draws, lora (b) after 2 (lower than full (b) by 0.200, at least 0.050).")
    assert found["Seeds drive everything"].held


def test_one_with_fewer_draws_and_no_evidence_or_that_of_other_draws_breaks_it():
    for evidence in ((), (left(3),)):
        rule = rules_of(range(2), evidence)[NAME]
        assert rule.held is False
        assert rule.evidence == (
            "Not so: lora (b) has 2 of 4 draws and is not shown to be lower.")


def test_one_that_lacks_a_draw_in_between_is_unlike_the_others():
    assert rules_of((0, 2), (left(3),))["Seeds drive everything"].held is False


def test_it_is_asked_of_studies_by_minutes_alone_and_when_they_are_done():
    study, tables = ruled()
    assert NAME not in {rule.name for rule in matching_rules(study, tables.__getitem__)}
    assert rules_of(range(4), unfinished=("lora, seed 4",))[NAME].held is None
