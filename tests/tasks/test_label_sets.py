"""Items with any number of classes: read, told apart, split."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tagged import tagged, tagged_dict

from harness.common.errors import HarnessError
from harness.suite import Split, load_suite
from harness.tasks.drawing import draw_items
from harness.tasks.examples import Row, as_array
from harness.tasks.label_sets import check_named, holds_lists, keep_sets, values_of
from harness.tasks.ledger import Ledger
from harness.tasks.prepare import draw
from harness.tasks.readers.tables import TableOptions, read_table
from harness.tasks.task import class_counts, load_task

CLASSES = {"a": 0, "b": 1, "c": 2, "d": 3}


def noted(labels, texts=None, groups=None):
    ledger = Ledger()
    for i, label in enumerate(labels):
        ledger.add(Row(texts[i] if texts else f"text {i}", label,
                       group=groups[i] if groups else None), None)
    return ledger


@pytest.mark.parametrize(("label", "values"), [
    ('["a", "b"]', ("a", "b")), ("[]", ()), ("", ()), ("a", ("a",)), ("[a", ("[a",)),
    ("[1, null, 2]", ("1", "2")), ("[draft]", ("[draft]",))])
def test_values_of_a_label(label, values):
    assert values_of(label) == values


@pytest.mark.parametrize(("ending", "options"), [("csv", {"separator": ";"}), ("jsonl", {}),
                                                 ("parquet", {})])
def test_several_values_of_a_cell(tmp_path, ending, options):
    sets = [["b", "a"], [], ["a"]]
    path = tmp_path / f"data.{ending}"
    if ending == "csv":
        path.write_text("t,l\none, b;a ;;b\ntwo,\nthree,a\n")
    elif ending == "jsonl":
        path.write_text("".join(json.dumps({"t": t, "l": s}) + "\n"
                                for t, s in zip(("one", "two", "three"), sets, strict=True)))
    else:
        pd.DataFrame({"t": ["one", "two", "three"], "l": sets}).to_parquet(path)
    rows = list(read_table(path, TableOptions(text="t", label="l", **options)))
    assert [sorted(values_of(row.label)) for row in rows] == [sorted(s) for s in sets]


def test_one_set_in_two_orders_is_one_and_two_sets_are_a_conflict():
    ledger = noted(['["a","b"]', '["b","a"]', '["a"]', '["b"]', "[]", '["x"]'],
                   ["one", "One", "two", "two", "three", "four"])
    kept, facts, _ = keep_sets(ledger, CLASSES)
    assert (facts.kept, facts.duplicates, facts.conflicting, facts.other_label) == (2, 1, 2, 1)
    # "one" is the only item of a and of b: the first of equals; "three" has no class.
    assert sorted(kept.labels.tolist()) == [0, 4]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_splits_hold_each_class_in_about_its_share(seed):
    rng = np.random.default_rng(seed)
    has = rng.random((400, 4)) < (0.5, 0.3, 0.1, 0.04)
    labels = [as_array("abcd"[c] for c in np.flatnonzero(row)) for row in has]
    ledger = noted(labels, groups=[f"g{i // 2}" for i in range(400)])
    kept, _, sets = keep_sets(ledger, CLASSES)
    parts = draw(kept, Split(seed=seed))
    for group in np.unique(kept.groups):
        assert len(np.unique(parts[kept.groups == group])) == 1
    own = np.array([[c in sets[v] for c in range(4)] for v in ledger.values(kept.rows)])
    total = own.sum(axis=0)
    for part, share in enumerate((0.6, 0.15, 0.25)):
        found = own[parts == part].sum(axis=0) / total
        # What is dealt evenly is groups; items are as even as those allow.
        assert (np.abs(found - share) < 3 * np.sqrt(share * (1 - share) / total) + 0.04).all()
    order = draw_items(kept.ids, kept.labels, kept.groups, seed)
    half = own[order[:200]].sum(axis=0)
    assert (np.abs(half - total / 2) < 2 + 0.1 * total).all()


def test_labels_are_lists_where_most_are_or_one_holds_several():
    assert holds_lists({'["a"]': 3, "[]": 1, "": 2})
    assert holds_lists({"a": 30, "['a', 'b']": 1})
    assert not holds_lists({"a": 3, "": 9})
    assert not holds_lists({"a": 3, "[1]": 1})


@pytest.mark.parametrize("labels", [
    ["[0, 1, 0]", "[1, 0, 0]"], ["[0, 1]", "[1, 1]"], ["[True, False]", "[False, False]"],
    ["[0. 1. 1.]", "[1. 0. 0.]"], ["0 1 0", "1 0 0"], ["0,1,0", "1, 0, 0"], ["0;1;0", "1;1;1"]])
def test_places_without_names_are_refused(labels):
    """Case multilabel-one-hot: lists of 0 and 1 of one length."""
    with pytest.raises(HarnessError, match=r"d\.csv: the labels are lists of . numbers") as error:
        check_named("d.csv", labels)
    assert "names of the classes" in error.value.fix


@pytest.mark.parametrize("labels", [
    ["0", "1"], ["[0]", "[1]"], ["[0, 1, 0]", "[1]"], ["[0, 2]", "[1, 0]"], [], ["[]", "[]"],
    ["0/1", "1/0"], ["0 1 0", "a b c"]])
def test_numbers_of_classes_are_not(labels):
    check_named("d.csv", labels)


@pytest.fixture
def loaded(tmp_path):
    def make(table=None, **changes):
        (tagged() if table is None else table).to_csv(tmp_path / "data.csv", index=False)
        suite = tagged_dict("enc", "dec")
        suite["task"] |= changes
        (tmp_path / "tagged.yaml").write_text(yaml.safe_dump(suite))
        return load_suite(tmp_path / "tagged.yaml")

    return make


def test_a_task_keeps_the_classes_of_its_items(loaded):
    task = load_task(loaded())
    parts = (task.splits.train, task.splits.validation, task.splits.test)
    assert class_counts(parts, task.labels) == {"fruit": 74, "metal": 50, "metal alloy": 48}
    by_text = tagged().set_index("text")["label"]
    for example in (e for part in parts for e in part):
        named = [task.labels[c] for c in example.classes]
        assert sorted(named) == sorted(v for v in by_text[example.text].split("; ") if v)
    held = type(task.splits)(*(tuple(part) for part in parts))
    assert held.sha256 == task.splits.sha256


def test_other_values_stop_or_are_left_out(loaded):
    table = tagged()
    table.loc[3, "label"] = "fruit; stone"
    with pytest.raises(HarnessError, match="1 of 150 rows have a label not listed"):
        load_task(loaded(table))
    assert load_task(loaded(table, other_labels="drop")).facts.kept == 149


def test_places_without_names_stop_a_suite_that_lists_0_and_1_as_classes(loaded):
    table = tagged()
    table["label"] = [f"{i % 2}; {1 - i % 2}; {i % 2}" for i in range(len(table))]
    with pytest.raises(HarnessError, match=r"data\.csv: the labels are lists of 3 numbers"):
        load_task(loaded(table, labels={"no": ["0"], "yes": ["1"]}))


@pytest.mark.parametrize(("part", "found"), [
    ({"gate": {"metrics": {"micro_f1": {"at_least": 60}}}}, "gate: micro_f1: a share lies in 0"),
    ({"gate": {"metrics": {"accuracy": {"at_least": 0.6}}}},
     "gate: a task of kind multilabel has no metric 'accuracy'"),
    ({"decide": {"metric": "accuracy"}}, "accuracy is not of a task of kind multilabel"),
])
def test_what_the_kind_cannot_have_is_refused(tmp_path, part, found):
    path = tmp_path / "tagged.yaml"
    path.write_text(yaml.safe_dump(tagged_dict("enc", "dec") | part))
    with pytest.raises(HarnessError, match=found):
        load_suite(path)
