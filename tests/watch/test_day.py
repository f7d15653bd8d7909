"""What becomes of a day's rows."""

import numpy as np
import pytest

from harness.common.errors import HarnessError
from harness.suite import TaskSpec
from harness.watch.day import day_of, targets, text_row


def spec(kind="classification", **more):
    return TaskSpec.model_validate({
        "kind": kind, "source": {"file": "d.csv"}, "reader": {"table": {"text": "t", "label": "l"}},
        "labels": {"ham": ["0", "ham"], "spam": ["1", "spam"]},
        "prompt": {"instruction": "Which? {options}", "item": "{text}"}, **more})


def rows(*cells):
    return [text_row(text, label=label) for text, label in cells]


def test_each_text_is_there_once_and_the_rest_is_counted():
    found = day_of([text_row("A b", None, "g"), text_row(" \u200b", None, "g"),
                    text_row("a  B", None, "h"), text_row("c", None, "")])
    assert (found.rows, found.empty, found.duplicates) == (4, 1, 1)
    assert [item.text for item in found.items] == ["A b", "c"]
    assert found.places == (0, 3)
    # A row without a group is one of its own.
    assert found.groups[0] == "g"
    assert found.groups[1] not in ("", "g", "h")
    assert found.labels is None
    with pytest.raises(HarnessError, match="no rows"):
        day_of([])


def test_a_pair_is_another_text_where_its_second_is():
    found = day_of([text_row("a", "b"), text_row("a", "c")])
    assert len(found.items) == 2


def test_labels_are_read_by_the_suites_values_and_blanks_are_not_known_yet():
    day = day_of(rows(("a", "spam"), ("b", "0"), ("c", ""), ("d", "1.0")))
    has, marks = targets(day, spec(), None)
    assert has.tolist() == [True, True, False, True]
    assert marks.argmax(axis=1).tolist() == [1, 0, 1]


def test_a_label_that_is_no_class_is_named_by_row_unless_the_suite_drops_it():
    day = day_of(rows(("a", "spam"), ("b", "spa")))
    with pytest.raises(HarnessError, match=r"row 1: the label 'spa' .* Did you mean 'spam'"):
        targets(day, spec(), None)
    assert targets(day, spec(other_labels="drop"), None)[0].tolist() == [True, False]


def test_several_classes_are_lists_or_are_separated():
    day = day_of(rows(("a", '["ham", "spam"]'), ("b", "[]"), ("c", "")))
    has, marks = targets(day, spec("multilabel"), None)
    assert has.tolist() == [True, True, False]
    assert marks.tolist() == [[True, True], [False, False]]
    day = day_of(rows(("a", "ham; spam"), ("b", "spam")))
    assert np.array_equal(targets(day, spec("multilabel"), ";")[1], [[True, True], [False, True]])


def test_a_task_without_classes_has_no_labels_to_watch():
    numbers = TaskSpec.model_validate(
        spec().model_dump(exclude={"labels", "kind"}, exclude_unset=True) | {"kind": "regression"})
    with pytest.raises(HarnessError, match="kind regression are not watched"):
        targets(day_of(rows(("a", "1"))), numbers, None)
