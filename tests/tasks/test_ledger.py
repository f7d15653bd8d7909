"""What became of rows: counted, and told apart by text, class and split."""

import numpy as np

from harness.tasks.examples import SPLITS, Row
from harness.tasks.ledger import Ledger, leaking, names_of, without_leaks

CLASSES = {"x": 0, "y": 1}


def ledger(*rows):
    """Of rows of text, label, group and split."""
    found = Ledger()
    for text, label, group, split in rows:
        found.add(Row(text, label, group=group), split)
    return found


def test_the_first_faults_are_kept_and_all_are_counted():
    found = Ledger()
    for number in range(5):
        assert found.add(Row("", "x", fault=f"no picture {number}"), None) is None
    assert found.empty == 5
    assert found.faults == ["no picture 0", "no picture 1", "no picture 2"]


def test_duplicates_conflicts_and_others_are_counted():
    found = ledger(("a", "x", None, None), ("A ", "x", None, None), ("b", "x", None, None),
                   ("b", "y", None, None), ("b", "x", None, None), ("c", "z", None, None),
                   ("d", "", None, None), ("e", "y", None, None))
    kept, facts = found.kept(CLASSES)
    assert (facts.rows, facts.kept, facts.duplicates, facts.conflicting) == (8, 2, 1, 3)
    assert (facts.other_label, facts.unlabelled, facts.groups) == (1, 1, 2)
    assert sorted(kept.rows.tolist()) == [0, 7], "the first of the rows that say the same"
    assert found.conflicts(CLASSES, 5) == [2]
    assert found.conflicts(CLASSES, 0) == []
    assert found.labels == {"x": 4, "y": 2, "z": 1, "": 1}


def test_a_text_under_two_classes_in_two_splits_is_a_conflict_in_neither():
    found = ledger(("a", "x", None, "train"), ("a", "y", None, "test"), ("b", "x", None, "test"))
    kept, facts = found.kept(CLASSES)
    assert (facts.kept, facts.conflicting, facts.duplicates) == (3, 0, 0)
    assert found.labels_in("test") == {"y": 1, "x": 1}
    assert leaking(kept)["items"].tolist() == [row in (0, 1) for row in kept.rows.tolist()]


def test_what_a_later_split_has_is_left_out_and_test_keeps_all():
    """Text `a` stands in all three, group `g` in training and test, `h` in validation alone."""
    found = ledger(("a", "x", None, "train"), ("a", "x", None, "validation"),
                   ("a", "x", None, "test"), ("b", "x", "g", "train"), ("c", "x", "g", "test"),
                   ("d", "y", "h", "validation"), ("e", "y", None, "train"))
    kept, _ = found.kept(CLASSES)
    leaks = leaking(kept)
    rows = kept.rows.tolist()
    assert [r for r, leaks_ in zip(rows, leaks["items"], strict=True) if leaks_] == sorted(
        {0, 1, 2}, key=rows.index)
    assert {r for r, both in zip(rows, leaks["groups"], strict=True) if both} == {0, 1, 2, 3, 4}
    assert sorted(without_leaks(kept).rows.tolist()) == [2, 4, 5, 6]
    assert names_of([2, 0, 2]) == f"{SPLITS[0]} and {SPLITS[2]}"


def test_of_nothing_there_is_nothing():
    kept, facts = Ledger().kept(CLASSES)
    assert (len(kept), facts.rows, facts.kept, facts.groups) == (0, 0, 0, 0)
    assert not np.any(leaking(kept)["groups"])
    assert len(without_leaks(kept)) == 0
