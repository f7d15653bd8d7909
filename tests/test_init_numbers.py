"""From a user's own ratings to a suite."""

import dataclasses

import pandas as pd
import pytest
from rated import rated
from test_init import COLUMNS, start, write

from harness.common.errors import HarnessError
from harness.suite import load_suite
from harness.tasks.label_numbers import STRATA, strata

NUMBERS = dataclasses.replace(COLUMNS, numbers=True)


def test_ratings_become_a_task_that_is_answered_with_a_number(tmp_path):
    frame = rated()
    loaded, task, said = start(tmp_path, write(frame, tmp_path / "data.csv"), NUMBERS)
    assert loaded.suite.task.kind == "regression"
    assert loaded.suite.decide.metric == "r2"
    assert list(loaded.suite.gate.metrics) == [loaded.suite.decide.metric]
    values = frame["label"].astype(float)
    assert f"labels are numbers: {values.min():g} to {values.max():g}" in said
    assert f"from {values.min():g} to {values.max():g}" in loaded.suite.task.prompt.instruction
    kept = {e.text: e.value for part in (task.splits.train, task.splits.validation,
                                         task.splits.test) for e in part}
    assert kept == dict(zip(frame["text"], values, strict=True))
    assert "under another number" in said
    assert load_suite(loaded.source.path, "smoke").suite.budget.train == 24


def test_numbers_that_are_taken_for_classes_are_recognised(tmp_path):
    with pytest.raises(HarnessError, match="different labels") as found:
        start(tmp_path, write(rated(400), tmp_path / "data.csv"), COLUMNS)
    assert "--numbers" in found.value.fix


@pytest.mark.parametrize(("labels", "why"), [
    (["1.5", "two"], "1 different labels are no numbers, such as 'two'"),
    (["3", "3.0"], "all labels are one number")])
def test_labels_that_are_no_numbers_are_refused(tmp_path, labels, why):
    frame = rated().assign(label=[labels[i % 2] for i in range(160)])
    with pytest.raises(HarnessError, match=why):
        start(tmp_path, write(frame, tmp_path / "data.csv"), NUMBERS)
    assert not (tmp_path / "suites" / "mine.yaml").exists()


def test_rows_without_a_number_and_texts_under_two_are_left_out_and_counted(tmp_path):
    frame = rated()
    frame.loc[0, "label"] = ""
    twice = frame.loc[[1]].assign(label="99", group="other")
    _, task, _ = start(tmp_path, write(pd.concat([frame, twice]), tmp_path / "data.csv"), NUMBERS)
    assert task.facts.unlabelled == 1
    assert task.facts.conflicting == 2
    assert task.facts.kept == len(frame) - 2


def test_every_part_has_small_and_large_ones(tmp_path):
    _, task, _ = start(tmp_path, write(rated(400), tmp_path / "data.csv"), NUMBERS)
    for part in (task.splits.train, task.splits.validation, task.splits.test):
        assert {e.label for e in part[:20]} == set(range(STRATA))
        for e in part:
            assert e.references == (f"{e.value:.10g}",)


def test_strata_are_about_alike_and_equal_numbers_lie_in_one():
    values = pd.Series([1.0] * 50 + [2.0] * 30 + [3.0] * 20).to_numpy()
    found = strata(values)
    assert len({(v, s) for v, s in zip(values, found, strict=True)}) == 3
    assert set(strata(pd.Series(range(100)).to_numpy(dtype=float))) == set(range(STRATA))
