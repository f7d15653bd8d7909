"""From a file whose texts have any number of classes to a suite."""

import json

import pytest
import yaml
from tagged import tagged
from test_init import start, write

from harness.commands.columns import Columns
from harness.common.errors import HarnessError
from harness.tasks.task import class_counts

COUNTS = {"fruit": 74, "metal": 50, "metal alloy": 48}


def columns(**words):
    return Columns("text", "label", **words)


def check(loaded, task, said, between):
    assert task.kind == "multilabel"
    splits = task.splits
    assert class_counts((splits.train, splits.validation, splits.test), task.labels) == COUNTS
    assert f"a text may have several classes ({between}): 1.15 in the mean, none for 26" in said
    assert list(loaded.suite.gate.metrics) == [loaded.suite.decide.metric]
    assert loaded.suite.decide.metric == "macro_f1"


def test_a_separator_that_is_said(tmp_path):
    path = write(tagged(), tmp_path / "data.csv")
    loaded, task, said = start(tmp_path, path, columns(separator=";"))
    check(loaded, task, said, "separated by ';'")
    assert "multilabel" in loaded.source.path.read_text()


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_lists_tell_themselves(tmp_path, ending):
    frame = tagged()
    frame["label"] = [[value for value in cell.split("; ") if value] for cell in frame["label"]]
    path = tmp_path / f"data.{ending}"
    if ending == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dict("records")))
    else:
        write(frame, path)
    check(*start(tmp_path, path, columns()), "in lists")


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_no_list_is_no_label_and_an_empty_list_none_of_the_classes(tmp_path, ending):
    frame = tagged()
    frame["label"] = [[value for value in cell.split("; ") if value] for cell in frame["label"]]
    frame.loc[frame.index[:7], "label"] = None
    empty = sum(not found for found in frame["label"][7:])
    path = tmp_path / f"data.{ending}"
    if ending == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_parquet(path)
    _, task, said = start(tmp_path, path, columns())
    assert "7 without a label" in said
    assert f"none for {empty}" in said
    assert sum(not e.every_class for part in (task.splits.train, task.splits.validation,
                                              task.splits.test) for e in part) == empty


def test_a_sign_that_most_labels_hold_is_taken_and_one_of_some_is_told(tmp_path):
    frame = tagged()
    _, task, said = start(tmp_path, write(frame, tmp_path / "data.csv"), columns())
    assert task.kind == "classification"
    assert "39% of the labels hold ';': say --separator ';' where a text may have" in said
    most = frame[frame["label"].str.contains(";") | frame["label"].isin(["fruit", "metal"])
                 & (frame.index % 2 == 0)]
    loaded, task, said = start(tmp_path, write(most, tmp_path / "most.csv"), columns(), "most")
    assert task.kind == "multilabel"
    assert "(separated by ';')" in said
    table = yaml.safe_load(loaded.source.path.read_text())["task"]["reader"]["table"]
    assert table["separator"] == ";"


def test_rare_sets_and_rare_classes(tmp_path):
    frame = tagged()
    frame.loc[0, "label"] = "metal; metal alloy"
    path = write(frame, tmp_path / "data.csv")
    with pytest.raises(HarnessError, match=r"too few items of the class 'metal; metal alloy' "
                                           r"\(1\)") as error:
        start(tmp_path, path, columns())
    assert "Say --separator ';'" in error.value.fix
    _, task, _ = start(tmp_path, path, columns(separator=";"))
    assert task.facts.kept == 150
    frame.loc[0, "label"] = "stone"
    with pytest.raises(HarnessError, match=r"too few items of the class 'stone' \(1\)"):
        start(tmp_path, write(frame, tmp_path / "data.csv"), columns(separator=";"), "other")
