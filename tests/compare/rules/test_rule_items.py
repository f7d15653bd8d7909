"""Same items: what was answered, against what was drawn."""

import pyarrow as pa
import pytest
from ruled import changed, rule, ruled, within

NAME = "Same items"


def test_runs_that_answered_what_was_drawn_keep_the_rule():
    found = rule(NAME, *ruled())
    assert found.held is True
    assert "answered 30 test items, by id, order and target those that were drawn" in found.evidence


def with_table(change):
    """The tables, of which that of one run is changed."""
    study, tables = ruled()
    run_id = study.records[-1].identity.run_id
    return study, tables | {run_id: change(tables[run_id])}


def renamed(table):
    return table.set_column(0, "item", pa.array([*table["item"].to_pylist()[:-1], "other"]))


def mislabelled(table):
    column = table.column_names.index("target")
    return table.set_column(column, "target", pa.array(["no", *table["target"].to_pylist()[1:]]))


@pytest.mark.parametrize(("change", "said"), [
    (lambda table: table.slice(0, 29), "answered 29 of 30 items"),
    (lambda table: table.take([*range(29), 28]), "answered an item twice"),
    (lambda table: table.take([1, 0, *range(2, 30)]), "in another order"),
    (renamed, "answered other items"),
    (mislabelled, "with other targets"),
])
def test_a_run_that_answered_anything_else_breaks_it(change, said):
    found = rule(NAME, *with_table(change))
    assert found.held is False
    assert said in found.evidence
    assert "lora (b), seed 1" in found.evidence


def test_runs_that_agree_with_each_other_but_not_with_what_was_drawn_break_it():
    study, tables = ruled()
    turned = {run_id: table.take(list(range(30))[::-1]) for run_id, table in tables.items()}
    assert rule(NAME, study, turned).held is False
    unknown = study.model_copy(update={"data": study.data.model_copy(update={"tests": {}})})
    assert rule(NAME, unknown, turned).held is None


@pytest.mark.parametrize("field", ["task_sha256", "items_sha256"])
def test_runs_of_other_data_break_it(field):
    study, tables = ruled()
    assert rule(NAME, changed(study, within("identity", **{field: "9"})), tables).held is False


def test_splits_that_share_a_group_break_it():
    study, tables = ruled()
    shared = study.model_copy(update={"data": study.data.model_copy(update={"disjoint": False})})
    found = rule(NAME, shared, tables)
    assert found.held is False
    assert "a group or a text stands in two splits" in found.evidence


def test_fewer_items_than_a_budget_allows_break_it_even_where_a_run_says_so_itself():
    study, tables = with_table(lambda table: table.slice(0, 20))
    told = changed(study, within("budget_used", test_items=20), "lora", 1)
    found = rule(NAME, told, tables)
    assert found.held is False
    assert "answered 20 items where 30 were drawn" in found.evidence
