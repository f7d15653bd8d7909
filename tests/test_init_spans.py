"""From a user's own marked texts to a suite."""

import json

import pytest
from spanned import spanned
from test_init import COLUMNS, start, write

from harness.commands.columns import Columns
from harness.common.errors import HarnessError
from harness.suite import load_suite
from harness.tasks.word_tags import text_and_spans


def frames():
    frame = spanned()
    cells = frame["label"].map(json.loads)
    return frame, cells


def check(loaded, task, said):
    assert loaded.suite.task.kind == "spans"
    assert loaded.suite.decide.metric == "micro_f1"
    assert list(loaded.suite.gate.metrics) == [loaded.suite.decide.metric]
    assert set(loaded.suite.task.labels) == {"fruit", "metal"}
    assert {choice.name for choice in loaded.suite.methods} == {"majority", "gazetteer", "crf"}
    assert "labels are spans of the texts" in said
    right = {row.text: {tuple(s) for s in json.loads(row.label)}
             for row in spanned().itertuples()}
    parts = (task.splits.train, task.splits.validation, task.splits.test)
    found = {e.text: {(s.start, s.end, task.labels[s.label]) for s in e.spans}
             for part in parts for e in part}
    assert found == right
    load_suite(loaded.source.path, "smoke")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_column_of_spans(tmp_path, ending):
    frame, cells = frames()
    if ending != "csv":
        frame["label"] = [[{"start": s, "end": e, "label": c} for s, e, c in own] for own in cells]
    check(*start(tmp_path, write(frame, tmp_path / f"data.{ending}"), COLUMNS))


def test_columns_of_words_and_tags(tmp_path):
    frame, cells = frames()
    words, tags = [], []
    for text, own in zip(frame["text"], cells, strict=True):
        said, places = text.split(" "), []
        at = 0
        for word in said:
            inside = next(((s, c) for s, e, c in own if s <= at < e), None)
            places.append("O" if inside is None else
                          f"{'B' if inside[0] == at else 'I'}-{inside[1]}")
            at += len(word) + 1
        assert text_and_spans(said, places)[0] == text
        words.append(said)
        tags.append(places)
    frame = frame.assign(text=words, label=tags)
    check(*start(tmp_path, write(frame, tmp_path / "data.jsonl"), COLUMNS))
    lines = [f"{w}\t{t}" if w else "" for own, places in zip(words, tags, strict=True)
             for w, t in [*zip(own, places, strict=True), ("", "")]]
    (tmp_path / "data.conll").write_text("\n".join(lines))
    check(*start(tmp_path, tmp_path / "data.conll", Columns(None, None), name="other"))


def test_numbered_tags_have_the_names_that_datasets_notes(tmp_path):
    from datasets import ClassLabel, Dataset, Features, Sequence, Value

    names = ["O", "B-fruit", "I-fruit", "B-metal", "I-metal"]
    rows = [{"tokens": ["the", word, f"n{i}"], "ner_tags": [0, 1 + 2 * (i % 2), 0]}
            for i, word in enumerate(["plum", "iron"] * 20)]
    Dataset.from_list(rows, features=Features({
        "tokens": Sequence(Value("string")), "ner_tags": Sequence(ClassLabel(names=names))})
    ).to_parquet(tmp_path / "data.parquet")
    loaded, task, _ = start(tmp_path, tmp_path / "data.parquet", Columns("tokens", "ner_tags"))
    assert loaded.suite.task.kind == "spans"
    assert set(task.labels) == {"fruit", "metal"}
    assert task.splits.train[0].text.startswith("the ")


def test_a_class_of_one_text_is_too_few(tmp_path):
    frame, _ = frames()
    frame.loc[0, "label"] = '[[0, 2, "rare"]]'
    with pytest.raises(HarnessError, match=r"'rare' \(1\)"):
        start(tmp_path, write(frame, tmp_path / "data.csv"), COLUMNS)
