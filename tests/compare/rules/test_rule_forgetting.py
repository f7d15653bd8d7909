"""Forgetting: every run on a backbone, on the same general items."""

from ruled import changed, rule, ruled, within

NAME = "Forgetting"


def test_the_same_items_for_all_runs_of_a_backbone_keep_the_rule():
    study, tables = ruled()
    found = rule(NAME, study, tables)
    assert found.held is True
    assert "1 set(s) of items for 1 backbone(s)" in found.evidence


def test_a_run_that_was_asked_other_items_breaks_it():
    study, tables = ruled()
    other = changed(study, within("forgetting", key="another"), seed=1)
    assert rule(NAME, other, tables).held is False


def test_a_run_on_a_backbone_that_was_not_asked_breaks_it():
    study, tables = ruled()
    missed = changed(study, lambda r: r.model_copy(update={"forgetting": None}), seed=1)
    assert rule(NAME, missed, tables).held is False


def test_nothing_is_said_where_nothing_was_measured():
    study, tables = ruled()
    for label in ("majority", "full", "lora"):
        study = changed(study, lambda r: r.model_copy(update={"forgetting": None}), label)
    assert rule(NAME, study, tables).held is None
