"""A study with a sequence-to-sequence model: planned, run, reported; and what is refused."""

from types import SimpleNamespace

import pytest
import yaml
from command_line import harness, refused
from quiz import quiz_dict, write_quiz
from tiny import sentences, suite_dict

from harness.common import memory
from harness.compare.alike import DOUBTED
from harness.report.published import read_published

METHODS = ["zero-shot", "features", "lora", "rag+lora"]


@pytest.fixture
def place(tmp_path, encoder_folder, decoder_folder, seq2seq_folder):
    sentences().to_csv(tmp_path / "data.csv", index=False)
    suite = suite_dict(encoder_folder, decoder_folder)
    suite["methods"] = ["majority"]
    suite["backbones"] = {"t5": {
        "kind": "seq2seq", "source": {"file": str(seq2seq_folder)}, "methods": METHODS,
        "budget": {"seeds": 1}}}
    write(tmp_path, suite)
    return tmp_path


def write(place, suite):
    (place / f"{suite['name']}.yaml").write_text(yaml.safe_dump(suite, sort_keys=False))


def edit(place, change):
    suite = yaml.safe_load((place / "tiny.yaml").read_text())
    change(suite)
    write(place, suite)


def ask(place, command, name, *words):
    reports = ("--reports", place / "reports") if command == "run" else ()
    return harness(command, place / f"{name}.yaml", "--runs", place / "runs", *reports, *words)


def test_a_study_with_classes_is_planned_and_run_and_keeps_every_rule(place):
    planned = ask(place, "plan", "tiny")
    assert planned.code == 0, planned.all
    assert "unknown" not in planned.out
    assert "not estimated" not in planned.out
    said = ask(place, "run", "tiny")
    assert said.code == 0, said.all
    published = read_published(place / "reports" / "tiny" / "study.json")
    assert {rule.name for rule in published.rules if rule.held is False} <= set(DOUBTED)
    question = next(rule for rule in published.rules if rule.name == "Same question")
    assert question.held
    records = {r.identity.label: r for r in published.study.records if r.identity.backbone}
    assert set(records) == set(METHODS)
    for record in records.values():
        assert record.status.state == "ok"
        assert record.identity.kind == "seq2seq"
        assert record.latency.p50_ms > 0
    lora = records["lora"]
    # The encoder reads instruction and item anew for each example: all of it is counted.
    assert lora.budget_used.tokens_seen > 24 * lora.budget_used.max_length


def test_questions_are_answered_in_words(tmp_path, encoder_folder, seq2seq_folder):
    write_quiz(tmp_path)
    suite = quiz_dict(encoder_folder, seq2seq_folder)
    suite["backbones"].pop("enc")
    suite["backbones"]["dec"] |= {"kind": "seq2seq", "methods": ["zero-shot", "full", {
        "rag": {"tokens": 120, "search": "bm25"}}]}
    write(tmp_path, suite)
    said = ask(tmp_path, "run", "quiz")
    assert said.code == 0, said.all
    published = read_published(tmp_path / "reports" / "quiz" / "study.json")
    assert [r.status.state for r in published.study.records] == ["ok"] * 4
    assert {rule.name for rule in published.rules if rule.held is False} <= set(DOUBTED)


@pytest.mark.parametrize(("given", "said", "fix", "source"), [
    ("encoder", "is T5ForConditionalGeneration, not an encoder", "Set `kind: seq2seq`", "t5"),
    ("decoder", "is T5ForConditionalGeneration, not a causal language model",
     "Set `kind: seq2seq`", "t5"),
    ("seq2seq", "is BertForMaskedLM, not a sequence-to-sequence model", "Set `kind: encoder`",
     "enc"),
    ("seq2seq", "is LlamaForCausalLM, not a sequence-to-sequence model", "Set `kind: decoder`",
     "dec"),
])
def test_a_model_of_another_kind_is_refused(place, given, said, fix, source, encoder_folder,
                                            decoder_folder, seq2seq_folder):
    folder = {"t5": seq2seq_folder, "enc": encoder_folder, "dec": decoder_folder}[source]
    edit(place, lambda suite: suite["backbones"]["t5"].update(
        kind=given, source={"file": str(folder)}, methods=["full"]))
    refused(ask(place, "plan", "tiny"), "tiny.yaml", said, fix)


def test_a_method_for_encoders_alone_is_refused(place):
    edit(place, lambda suite: suite["backbones"]["t5"].update(methods=["knn"]))
    refused(ask(place, "plan", "tiny"), "method 'knn' needs vectors that items can be compared by, "
            "which it does not get of the seq2seq: 't5'")


@pytest.mark.parametrize("kind", ["encoder", "decoder", "seq2seq"])
def test_a_model_too_large_for_memory_is_refused_with_the_numbers(
        kind, place, encoder_folder, decoder_folder, seq2seq_folder, monkeypatch):
    folder = {"encoder": encoder_folder, "decoder": decoder_folder,
              "seq2seq": seq2seq_folder}[kind]
    edit(place, lambda suite: suite["backbones"]["t5"].update(
        kind=kind, source={"file": str(folder)}, methods=["features", "lora"]))
    monkeypatch.setattr(memory.psutil, "virtual_memory",
                        lambda: SimpleNamespace(available=50_000.0, total=50_000.0))
    for command in ("plan", "run"):
        refused(ask(place, command, "tiny"), "features (t5) needs about", "(its weights in ",
                "0.1 MB are available", "Name a smaller backbone")
