"""From files that come in splits to a suite and to a report."""

import json

import pandas as pd
import pytest
import yaml
from command_line import harness, refused
from tiny import on_tiny_models, sentences

from harness.common.errors import HarnessError
from harness.report.published import read_published
from harness.suite import load_suite
from harness.tasks.task import load_task

SAID = ("--text", "text", "--label", "label")
PARTS = ("train", "validation", "test")


def cut(frame=None):
    """The rows in three parts that no group straddles."""
    frame = sentences(180) if frame is None else frame
    return dict(zip(PARTS, (frame[:90], frame[90:120], frame[120:]), strict=True))


def written(folder, parts):
    """The options that name the parts, each in a file of its own."""
    for name, part in parts.items():
        part.to_csv(folder / f"{name}.csv", index=False)
    words = ["--data", folder / "train.csv", "--test", folder / "test.csv"]
    return [*words, *(["--validation", folder / "validation.csv"] if "validation" in parts else [])]


def init(folder, *words):
    return harness("init", "mine", *words, *SAID, "--group", "group", "--suites", folder / "suites")


def texts(folder):
    """The texts of each part of the suite's task."""
    splits = load_task(load_suite(folder / "suites" / "mine.yaml")).splits
    return {name: {e.text for e in getattr(splits, name)} for name in PARTS}


def test_own_files_are_kept_as_they_are_given(tmp_path):
    parts = cut()
    said = init(tmp_path, *written(tmp_path, parts))
    assert said.code == 0, said.err
    assert "90 train (as given), 30 validation (as given), 60 test (as given)" in said.out
    assert texts(tmp_path) == {name: set(part["text"]) for name, part in parts.items()}
    task = yaml.safe_load((tmp_path / "suites" / "mine.yaml").read_text())["task"]
    assert task["source"]["validation"] == {"file": "../validation.csv"}
    assert "split" not in task


def test_validation_is_dealt_from_train_where_there_is_none(tmp_path):
    parts = cut()
    parts["train"] = pd.concat([parts["train"], parts.pop("validation")])
    said = init(tmp_path, *written(tmp_path, parts))
    assert said.code == 0, said.err
    assert "validation (dealt from train), 60 test (as given)" in said.out
    found = texts(tmp_path)
    assert found["test"] == set(parts["test"]["text"])
    assert found["train"] | found["validation"] == set(parts["train"]["text"])
    assert len(found["validation"]) == pytest.approx(18, abs=2)


def test_a_column_names_the_split(tmp_path):
    parts = cut()
    words = {"train": "Training", "validation": "dev", "test": "test"}
    pd.concat([part.assign(fold=words[name]) for name, part in parts.items()]).to_csv(
        tmp_path / "all.csv", index=False)
    said = init(tmp_path, "--data", tmp_path / "all.csv", "--split-column", "fold")
    assert said.code == 0, said.err
    assert texts(tmp_path) == {name: set(part["text"]) for name, part in parts.items()}


def strange_fold(folder):
    sentences().assign(fold="7").to_csv(folder / "all.csv", index=False)
    return ["--data", folder / "all.csv", "--split-column", "fold"]


def two_ways(folder):
    words = written(folder, cut())
    cut()["test"].to_csv(folder / "test.csv", index=False, sep=";")
    return words


def other_label(folder):
    parts = cut()
    parts["test"] = parts["test"].rename(columns={"label": "labels"})
    return written(folder, parts)


@pytest.mark.parametrize(("make", "words"), [
    (strange_fold, ["names the splits '7'", "train, validation or test"]),
    (two_ways, ["train.csv and test.csv differ in delimiter", "Export both"]),
    (other_label, ["test.csv: there is no column 'label'", "Did you mean 'labels'?"]),
    (lambda folder: [*written(folder, cut())[:2], "--validation", folder / "test.csv"],
     ["--validation without --test", "leave both"]),
    (lambda folder: [*written(folder, cut())[:2], "--test", folder / "tset.csv"],
     ["tset.csv: there is no such file", "Name a table"]),
    (lambda folder: [*written(folder, cut()), "--config", "en"], ["--config en", "Leave it out"]),
])
def test_splits_that_cannot_be_are_refused_and_nothing_is_left(tmp_path, make, words):
    refused(init(tmp_path, *make(tmp_path)), *words)
    assert not list(tmp_path.rglob("*.yaml"))


def test_a_share_for_a_part_that_is_given_is_refused(tmp_path):
    init(tmp_path, *written(tmp_path, cut()))
    path = tmp_path / "suites" / "mine.yaml"
    value = yaml.safe_load(path.read_text())
    value["task"]["split"] = {"test": 0.3}
    path.write_text(yaml.safe_dump(value))
    with pytest.raises(HarnessError, match=r"task.split: a share for test, which the data itself"):
        load_task(load_suite(path))


def test_leaks_stop_a_run_until_they_are_mended_or_left_out(tmp_path, encoder_folder):
    parts = cut()
    parts["test"] = pd.concat([parts["test"], parts["train"][:4].assign(
        text=lambda rows: rows["text"].str.upper())])
    said = init(tmp_path, *written(tmp_path, parts))
    assert said.code == 0, said.err
    assert "4 items stand in two of the given splits" in " ".join(said.out.split())
    assert [line.partition(" ")[::2] for line in said.out.splitlines()[-2:]] == [
        ("next:", "Mend the data, or set `leaks: drop` in the suite's `task`: train and validation "
                  "go without them."), ("then:", "make suite TASK=mine")]
    suite = tmp_path / "suites" / "mine.yaml"
    on_tiny_models(suite, encoder_folder)
    checked = harness("check", suite)
    assert checked.code == 1, checked.all
    out = " ".join(checked.out.split())
    assert "error leakage: 4 texts" in out
    assert "error leakage: 2 groups" in out
    assert "in train and test: " in out
    refused(harness("run", suite, "--runs", tmp_path / "runs"), "errors: 4 texts", "leaks: drop")
    assert not list(tmp_path.glob("runs/*/*/record.json"))
    suite.write_text(suite.read_text().replace("leaks: error", "leaks: drop"))
    checked = harness("check", suite)
    assert checked.code == 0, checked.all
    assert "without 4 items in all" in " ".join(checked.out.split())
    assert len(texts(tmp_path)["train"]) == 86


def test_from_files_to_a_report(tmp_path, encoder_folder):
    parts = cut()
    init(tmp_path, *written(tmp_path, parts))
    suite = tmp_path / "suites" / "mine.yaml"
    on_tiny_models(suite, encoder_folder)
    there = ("--runs", tmp_path / "runs", "--reports", tmp_path / "reports")
    said = harness("run", suite, *there)
    assert said.code == 0, said.all
    folder = tmp_path / "reports" / "mine"
    study = read_published(folder / "study.json").study
    assert {r.status.state for r in study.records} == {"ok"}
    assert (study.data.train, study.data.validation, study.data.test) == (90, 30, 60)
    assert study.data.origin == "train.csv, validation.csv, test.csv"
    assert study.data.disjoint
    assert "Mine" in (folder / "index.html").read_text()
    before = {path: path.read_bytes() for path in tmp_path.glob("runs/*/*/record.json")}
    assert len(before) == 2
    (tmp_path / "test.csv").write_bytes(b"text,label\na,b\nc\0d,e\n")
    refused(harness("run", suite, *there), "test.csv")
    assert {path: path.read_bytes() for path in before} == before, "finished runs stay"
    assert json.loads((folder / "study.json").read_text())["study"]["data"]["kept"] == 180
