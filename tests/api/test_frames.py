"""Data in memory is read as the same data in a file is."""

from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import sentences

import harness
from harness.api.frames import as_file, beside
from harness.common.errors import HarnessError
from harness.suite import load_suite
from harness.tasks.tables.form import PLAIN
from harness.tasks.tables.parquet import read_parquet
from harness.tasks.task import load_task

COLUMNS = {"text": "text", "label": "label", "group": "group"}


def items(suite):
    task = load_task(load_suite(Path(suite)))
    return [[(e.id, task.labels[e.label], e.group) for e in part]
            for part in (task.splits.train, task.splits.validation, task.splits.test)]


def numbered():
    """A data set whose classes are numbers with names."""
    frame = sentences()
    names = sorted(frame["label"].unique())
    made = datasets.Dataset.from_dict({
        "text": frame["text"].tolist(), "group": frame["group"].tolist(),
        "label": [names.index(label) for label in frame["label"]]})
    return made.cast_column("label", datasets.ClassLabel(names=names))


def test_a_file_a_frame_and_a_data_set_give_the_same_items(tmp_path):
    sentences().to_csv(tmp_path / "mine.csv", index=False)
    given = {"file": tmp_path / "mine.csv", "frame": sentences(), "set": numbered(),
             "shuffled": numbered().shuffle(seed=3)}
    found = {name: harness.init(data, name=name, **COLUMNS, suites=tmp_path / "suites")
             for name, data in given.items()}
    assert found["frame"].path == tmp_path / "suites" / "frame.yaml"
    assert (tmp_path / "suites" / "frame.parquet").exists()
    expected = items(found["file"])
    assert sum(map(len, expected)) == 120
    for one in found.values():
        assert items(one) == expected
    frame = found["set"].to_pandas()
    assert dict(zip(frame["class"], frame["items"], strict=True)) == dict.fromkeys(
        ("fruit", "metal", "metal alloy"), 40)


def test_splits_come_as_they_are(tmp_path):
    parts = {name: sentences(60, seed).assign(
        text=lambda frame, seed=seed: frame["text"] + f" s{seed}")
        for seed, name in enumerate(("train", "validation", "test"))}
    for name, data in (("one", parts), ("other", datasets.DatasetDict({
            key: datasets.Dataset.from_pandas(part) for key, part in parts.items()}))):
        made = harness.init(data, name=name, text="text", label="label", suites=tmp_path)
        assert made.found.given == ("train", "validation", "test")
        assert [len(part) for part in items(made)] == [60, 60, 60]
    with pytest.raises(HarnessError, match="a split 'test', and test= is given, too"):
        harness.init(parts, test=parts["test"], **COLUMNS, suites=tmp_path)
    with pytest.raises(HarnessError, match=r"no split 'train' \(it has dev\)"):
        harness.init({"dev": parts["test"]}, **COLUMNS, suites=tmp_path)


def test_a_cell_may_be_run_again_and_other_data_is_not_written_over(tmp_path):
    first = harness.init(sentences(), **COLUMNS, suites=tmp_path)
    assert first.path.name == "data.yaml"
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    harness.init(sentences(), **COLUMNS, suites=tmp_path)
    with pytest.raises(HarnessError, match=r"data\.parquet holds other data"):
        harness.init(sentences(90), **COLUMNS, suites=tmp_path)
    with pytest.raises(HarnessError, match="says something else"):
        harness.init(sentences(), text="text", label="label", suites=tmp_path)
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()
                      if path.is_file()}


def test_what_is_refused_leaves_nothing(tmp_path):
    with pytest.raises(HarnessError, match="no column 'txt'"):
        harness.init(sentences(), text="txt", label="label", suites=tmp_path / "s")
    for data, said in (
            (sentences().rename(columns={"group": 7}), "a column without a name"),
            (sentences().assign(text=[1, "a"] * 60), "cannot be kept as Parquet"),
            (np.zeros(3), "rows are given as ndarray"),
            (numbered().to_iterable_dataset(), "rows are given as IterableDataset")):
        with pytest.raises(HarnessError, match=said):
            harness.init(data, **COLUMNS, suites=tmp_path / "s")
    assert not list((tmp_path / "s").glob("*.*"))


@pytest.mark.parametrize(("name", "suite"), [
    ("My Data (2).csv", "my-data-2-"), ("a.b.csv", "a.b"), ("ünì.csv", "data"),
    ("x.csv", "x")])
def test_a_suite_is_called_as_its_file(tmp_path, name, suite):
    sentences().to_csv(tmp_path / name, index=False)
    made = harness.init(tmp_path / name, **COLUMNS, suites=tmp_path / "suites")
    assert made.path.stem == suite


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=5))
def test_texts_reach_the_reader_as_they_are(texts):
    with as_file(texts, ["words"]) as path:
        assert [row[0] for row in read_parquet(path, PLAIN, ["words"])] == texts


def test_pairs_are_asked_for_where_a_task_has_them(tmp_path):
    with as_file([("a", "b")], ["one", "other"]) as path:
        assert pd.read_parquet(path).to_dict("list") == {"one": ["a"], "other": ["b"]}
    for data, columns in ((["a"], ["one", "other"]), ([("a", "b")], ["one"])):
        with pytest.raises(HarnessError, match="a row has not the"), as_file(data, columns):
            pass
    with pytest.raises(HarnessError, match="no rows"), as_file([], ["one"]):
        pass


def test_files_are_taken_away_where_what_follows_fails(tmp_path):
    tables = {"data": sentences(), "test": "some.csv", "validation": None}

    def fail():
        with beside(tmp_path, "a", tables) as files:
            assert files == tables | {"data": str(tmp_path / "a.parquet")}
            assert (tmp_path / "a.parquet").exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not list(tmp_path.glob("*.parquet"))
