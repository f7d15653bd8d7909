import dataclasses

import pytest

from harness.check.items import check_classes, check_columns, check_lengths, check_rows, check_test
from harness.tasks.examples import Example
from harness.tasks.splits import Splits
from harness.tasks.task import load_task


def example(number, label=0, text=None, **slices):
    return Example(f"{number:016x}", text or f"text {number}", None, label, f"g{number}", slices)


def splits(train, validation=(), test=()):
    return Splits(tuple(train), tuple(validation), tuple(test))


@pytest.fixture
def task(loaded):
    return load_task(loaded)


def checks(findings):
    return [(f.severity, f.check, f.count) for f in findings]


def test_a_class_that_a_part_lacks_and_one_with_few_items(task):
    every = [example(i, i % 3) for i in range(60)]
    assert list(check_classes(task, splits(every, every, every))) == []
    two = [e for e in every if e.label < 2]
    found = list(check_classes(task, splits(two, every, two)))
    assert checks(found) == [("warning", "classes", 1), ("warning", "classes", 1)]
    assert task.labels[2] in found[0].found
    assert [f.suggestion for f in found] == ["Raise `budget.train`.", "Raise `budget.test`."]
    assert "macro F1 is over the classes that they have" in found[1].found
    never = dataclasses.replace(task, splits=splits(two, every, every))
    (found,) = check_classes(never, splits(two, every, every))
    assert found.severity == "error", "not only of this profile"
    few = [*two, example(99, 2)]
    (found,) = check_classes(task, splits(few, every, every))
    assert f"{task.labels[2]} (1)" in found.found


def test_no_budget_brings_a_class_that_the_test_file_lacks(task):
    """Case test-lacks-class."""
    every = [example(i, i % 3) for i in range(60)]
    lacking = splits(every, every, [e for e in every if e.label < 2])
    (found,) = check_classes(dataclasses.replace(task, splits=lacking), lacking)
    assert found.severity == "warning"
    assert "Raise" not in found.suggestion
    assert "test items of the class" in found.suggestion


def test_a_majority_that_hides_the_rest_is_told(task):
    every = [example(i, i % 3) for i in range(60)]
    lopsided = [example(i, 0 if i else 1) for i in range(40)] + [example(50, 2)]
    found = list(check_classes(task, splits(every, every, lopsided)))
    assert checks(found) == [("warning", "balance", 39)]
    assert "95%" in found[0].found


@pytest.mark.parametrize(("facts", "expected"), [
    ({}, []),
    ({"conflicting": 1}, [("warning", "conflicts", 1)]),
    ({"conflicting": 30}, [("error", "conflicts", 30)]),
    ({"duplicates": 4}, [("note", "duplicates", 4)]),
    ({"empty": 2}, [("warning", "empty", 2)]),
    ({"unlabelled": 3}, [("warning", "empty", 3)]),
    ({"groups": 100}, [("note", "groups", 100)]),
])
def test_rows_that_were_left_out_are_told(task, facts, expected):
    sound = {"rows": 100, "kept": 100, "empty": 0, "other_label": 0, "duplicates": 0,
             "conflicting": 0, "groups": 50}
    changed = dataclasses.replace(task, facts=dataclasses.replace(task.facts, **sound | facts))
    assert checks(check_rows(changed)) == expected


def test_columns_that_are_empty_or_constant():
    sound = [example(i, source="ab"[i % 2]) for i in range(10)]
    assert list(check_columns(sound)) == []
    assert checks(check_columns([example(i, source="a") for i in range(10)])) == [
        ("warning", "columns", 10)]
    gaps = [example(i, source="a" if i else " ") for i in range(10)]
    assert checks(check_columns(gaps)) == [("warning", "columns", 1)]


def test_texts_that_are_cut_are_told_from_a_tenth_on():
    assert list(check_lengths({"small": (0.1, 128)})) == []
    (found,) = check_lengths({"small": (0.1, 128), "large": (0.42, 64)})
    assert "42% of the training texts are longer than the 64 tokens that large reads" in found.found


def test_a_test_item_in_training_is_an_error():
    some = [example(i) for i in range(4)]
    assert list(check_test(splits(some[:2], some[2:3], some[3:]))) == []
    assert checks(check_test(splits(some[:2], some[2:3], some[1:]))) == [("error", "leakage", 2)]
