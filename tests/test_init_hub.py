"""From a data set on the hub to a suite, and a hub that refuses."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from command_line import harness, refused
from stand_in import COMMIT, Repo, hub
from tiny import WORDS, sentences

from harness.suite import load_suite
from harness.tasks.task import load_task

FRAME = sentences(180)
PARTS = {"train": FRAME[:90], "validation": FRAME[90:120], "test": FRAME[120:]}
CLASSES = list(WORDS)


def parquet(frame):
    """A file as `datasets` writes it: classes are numbers, their names stand in the schema."""
    table = pa.Table.from_pandas(
        frame.assign(label=frame["label"].map(CLASSES.index)), preserve_index=False)
    features = {"label": {"names": CLASSES, "_type": "ClassLabel"}}
    noted = {"huggingface": json.dumps({"info": {"features": features}})}
    stream = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(noted), stream)
    return stream.getvalue()


def jsonl(frame):
    return frame.to_json(orient="records", lines=True).encode()


CARD = b"""---
configs:
- config_name: plain
  data_files:
  - {split: train, path: plain/learn.jsonl}
  - {split: unlabelled, path: plain/more.jsonl}
  - {split: dev, path: plain/look.jsonl}
- config_name: other
  data_files: other/*.jsonl
---
"""
REPOS = {
    "datasets/some/data": Repo({
        "README.md": b"Things.", "loader.py": b"import os",
        "data/train-00000-of-00002.parquet": parquet(PARTS["train"][:50]),
        "data/train-00001-of-00002.parquet": parquet(PARTS["train"][50:]),
        "data/validation-00000-of-00001.parquet": parquet(PARTS["validation"]),
        "data/test-00000-of-00001.parquet": parquet(PARTS["test"])}),
    "datasets/some/carded": Repo({
        "README.md": CARD, "plain/learn.jsonl": jsonl(PARTS["train"]),
        "plain/more.jsonl": b"{}\n", "plain/look.jsonl": jsonl(PARTS["test"]),
        "other/all.jsonl": jsonl(FRAME)}),
    "datasets/some/listed": Repo({
        "README.md": b"Lists.", "dataset_infos.json": b"{}",
        "train.json": PARTS["train"].to_json(orient="records").encode(),
        "test.json": PARTS["test"].to_json(orient="records").encode()}),
    "datasets/some/script": Repo({"script.py": b"import os", "README.md": b""}),
    "datasets/some/private": Repo(refusal=(401, "RepoNotFound")),
    "datasets/some/gated": Repo(refusal=(403, "GatedRepo")),
    "datasets/some/forbidden": Repo(refusal=(403, "")),
    "models/some/private": Repo(refusal=(401, "RepoNotFound")),
    "models/some/gated": Repo(refusal=(403, "GatedRepo")),
}


@pytest.fixture(scope="module")
def address():
    with hub(REPOS) as address:
        yield address


def init(folder, address, data, *words):
    return harness("init", "mine", "--data", data, "--text", "text", "--label", "label", *words,
                   "--suites", folder / "suites", HF_ENDPOINT=address,
                   HARNESS_CACHE=str(folder / "cache"))


def made(folder, monkeypatch):
    """The suite's task; the hub is gone by now."""
    monkeypatch.setenv("HARNESS_CACHE", str(folder / "cache"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    path = folder / "suites" / "mine.yaml"
    return yaml.safe_load(path.read_text())["task"], load_task(load_suite(path))


def texts(part):
    return {example.text for example in part}


def test_a_data_set_of_the_hub_keeps_its_splits_at_a_commit(tmp_path, address, monkeypatch):
    said = init(tmp_path, address, "some/data@main", "--group", "group")
    assert said.code == 0, said.err
    spec, task = made(tmp_path, monkeypatch)
    assert spec["source"]["train"] == {
        "hub": "some/data", "revision": COMMIT, "repo_type": "dataset",
        "files": ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"]}
    for name, part in PARTS.items():
        assert texts(getattr(task.splits, name)) == set(part["text"])
    assert set(task.labels) == set(CLASSES), "by name, not by number"
    names = dict(zip(FRAME["text"], FRAME["label"], strict=True))
    assert all(task.labels[e.label] == names[e.text] for e in task.splits.test)
    assert task.origin == f"some/data@{COMMIT}"
    kept = {path.name for path in (tmp_path / "cache").rglob("*.*") if path.is_file()}
    assert not [name for name in kept if name.endswith((".py", ".md"))]


def test_a_data_set_of_json_lists(tmp_path, address, monkeypatch):
    said = init(tmp_path, address, "some/listed@main")
    assert said.code == 0, said.err
    spec, task = made(tmp_path, monkeypatch)
    assert spec["source"]["test"]["files"] == ["test.json"]
    assert texts(task.splits.test) == set(PARTS["test"]["text"])


def test_a_configuration_and_a_split_by_another_name(tmp_path, address, monkeypatch):
    said = init(tmp_path, address, "some/carded@main", "--config", "plain", "--test", "dev")
    assert said.code == 0, said.err
    assert "left out: the splits unlabelled" in said.out
    spec, task = made(tmp_path, monkeypatch)
    assert set(spec["source"]) == {"train", "test"}
    assert texts(task.splits.test) == set(PARTS["test"]["text"])
    assert texts(task.splits.train) | texts(task.splits.validation) == set(PARTS["train"]["text"])


def test_one_split_is_dealt_by_the_harness(tmp_path, address, monkeypatch):
    said = init(tmp_path, address, "some/carded@main", "--config", "other", "--group", "group")
    assert said.code == 0, said.err
    spec, task = made(tmp_path, monkeypatch)
    assert spec["split"] == {"validation": 0.15, "test": 0.25}
    assert len(task.splits.test) == pytest.approx(45, abs=3)


@pytest.mark.parametrize(("data", "more", "words"), [
    ("some/none@main", [], ["some/none@main: not on the hub, or private", "Check the id"]),
    ("some/private@main", [], ["not on the hub, or private", "hf auth login"]),
    ("some/gated@main", [], ["gated", "Ask for access"]),
    ("some/forbidden@main", [], ["refuses this login (403)", "a token that may read it"]),
    ("some/data@v9", [], ["some/data@v9: the hub has no such revision", "Name a commit"]),
    ("some/script@main", [], ["scripts are never run", "@refs/convert/parquet"]),
    ("some/carded@main", [], ["'plain', 'other'", "--config"]),
    ("some/carded@main", ["--config", "plane"], ["'plane' not found", "--config"]),
    ("some/carded@main", ["--config", "plain"], ["no split 'test', only train, unlabelled, dev",
                                                 "--test SPLIT"]),
    ("some/data@main", ["--validation", "valdation"], ["no split 'valdation'",
                                                       "Did you mean 'validation'?"]),
    ("some/data@main", ["--group", "groups"], ["no column 'groups'", "Did you mean 'group'?"]),
    ("some/data", [], ["some/data: there is no such file", "ORG/NAME@REVISION"]),
])
def test_what_the_hub_does_not_give_is_two_lines_and_leaves_nothing(tmp_path, address, data, more,
                                                                    words):
    refused(init(tmp_path, address, data, *more), *words)
    assert not list(tmp_path.rglob("*.yaml"))


def test_a_hub_that_cannot_be_reached(tmp_path):
    refused(init(tmp_path, "http://127.0.0.1:9", "some/data@main"),
            "some/data@main: cannot be fetched", "where there is a network", "download the data")
    assert not list(tmp_path.rglob("*.yaml"))


@pytest.mark.parametrize(("source", "words"), [
    ({"hub": "some/private"}, ["some/private@main: not on the hub, or private", "hf auth login"]),
    ({"hub": "some/gated"}, ["some/gated@main: gated", "Ask for access"]),
    ({"file": "decoder"}, ["backbones.enc", "is LlamaForCausalLM, not an encoder",
                           "Set `kind: decoder`"]),
])
def test_a_model_that_cannot_be_had_or_is_of_the_other_kind(suite_file, decoder_folder, address,
                                                            source, words):
    value = yaml.safe_load(suite_file.read_text())
    if "file" in source:
        source = {"file": str(decoder_folder)}
    value["backbones"] = {"enc": value["backbones"]["enc"] | {"source": source}}
    suite_file.write_text(yaml.safe_dump(value))
    before = suite_file.read_bytes()
    refused(harness("plan", suite_file, HF_ENDPOINT=address), *words)
    assert suite_file.read_bytes() == before


def test_an_encoder_where_a_decoder_is_needed(suite_file, encoder_folder):
    value = yaml.safe_load(suite_file.read_text())
    value["backbones"] = {"dec": value["backbones"]["dec"] | {
        "source": {"file": str(encoder_folder)}, "methods": ["zero-shot"]}}
    suite_file.write_text(yaml.safe_dump(value))
    refused(harness("plan", suite_file), "backbones.dec", "not a causal language model",
            "Set `kind: encoder`")
