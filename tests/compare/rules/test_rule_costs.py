"""Two costs: each run has both, and their parts add up."""

import pytest
from ruled import changed, rule, ruled, ruled_with, within

NAME = "Two costs"


def test_costs_that_add_up_keep_the_rule():
    found = rule(NAME, *ruled())
    assert found.held is True
    assert "Adapting took 40 s here" in found.evidence


def test_what_a_shared_cache_saves_keeps_it():
    study, tables = ruled()
    assert rule(NAME, changed(study, within("cost", shared_seconds=0.1)), tables).held is True


@pytest.mark.parametrize(("fields", "said"), [
    ({"shared_seconds": 30.0}, "took 30.0 s here, and 10.0 s are said to be enough alone"),
    ({"stand_alone_seconds": 9.9, "shared_seconds": 9.9}, "its trials took 10.00 s"),
    ({"trial_seconds": 2.0}, "its phases and other trials took 12.00 s"),
    ({"phases": {"fit": 10.1}}, "its phases and other trials took 10.10 s"),
    ({"shared_seconds": -1.0}, "a time below zero"),
])
def test_costs_that_do_not_add_up_break_it(fields, said):
    found = ruled_with(NAME, "cost", 0, **fields)
    assert found.held is False
    assert f"full (b), seed 0: {said}" in found.evidence


def test_a_run_without_a_cost_breaks_it():
    study, tables = ruled()
    free = changed(study, lambda r: r.model_copy(update={"cost": None}), seed=1)
    found = rule(NAME, free, tables)
    assert found.held is False
    assert "full (b), seed 1: its cost was not measured" in found.evidence
