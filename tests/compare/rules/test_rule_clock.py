"""The rule that times are taken by one clock, on one kind of device."""

from synthetic import drawn_study

from harness.compare.matching import matching_rules
from harness.study.record import TrialRecord


def same_clock(study, tables):
    return next(rule for rule in matching_rules(study, tables.__getitem__)
                if rule.name == "Same clock")


def test_runs_adapted_on_two_kinds_of_device_are_not_of_one_clock():
    study, tables = drawn_study({"full": 1.0}, items=12, seeds=2)
    trial = TrialRecord(setting={}, validation_loss=1.0, seconds=1.0)
    first, *rest = (record.model_copy(update={"trials": (trial,)}) for record in study.records)
    matched = study.model_copy(update={"records": (first, *rest)})
    assert same_clock(matched, tables).held is True
    elsewhere = first.model_copy(update={"environment": first.environment.model_copy(
        update={"device": "another processor x64"})})
    mixed = same_clock(study.model_copy(update={"records": (elsewhere, *rest)}), tables)
    assert mixed.held is False
    assert "another processor x64" in mixed.evidence
