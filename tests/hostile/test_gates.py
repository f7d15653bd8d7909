"""An adapter of another model, and baselines that somebody edited."""

import json
import shutil

import pytest
from command_line import controls, harness, refused
from transformers import BertConfig, BertForMaskedLM

from harness.backbones.load import load_tokenizer


@pytest.fixture
def gate(place, tmp_path):
    """`harness gate` on a candidate of the small study."""
    def asked(candidate, *more):
        return harness("gate", candidate, "--suite", place.folder / "tiny.yaml", "--runs",
                       place.runs, "--baselines", tmp_path, "--output", tmp_path / "out", *more)

    return asked


@pytest.fixture
def baseline(place, tmp_path):
    said = harness("baseline", "approve", place.run_id("tfidf"), "--suites", place.folder,
                   "--runs", place.runs, "--baselines", tmp_path, "--anonymous")
    assert said.code == 0, said.err
    return tmp_path / "tiny.json"


@pytest.fixture
def narrow(tmp_path, encoder):
    """A base of the same tokenizer and another width."""
    folder = tmp_path / "narrow"
    tokenizer = load_tokenizer(encoder)
    BertForMaskedLM(BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=256, pad_token_id=0)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def adapter(place, tmp_path, **fields):
    folder = shutil.copytree(place.artifact("lora", "enc"), tmp_path / "adapter")
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    return folder


def test_an_adapter_on_another_base_is_refused(place, baseline, gate, narrow, tmp_path):
    folder = adapter(place, tmp_path)
    refused(gate(folder, "--base", narrow), "adapter")
    refused(gate(folder, "--base", "dec"), "adapter")
    assert not (tmp_path / "out").exists()
    said = harness("predict", folder, "--suite", place.folder / "tiny.yaml", "--runs", place.runs,
                   "--base", narrow, "--input", place.folder / "data.csv", "--output",
                   tmp_path / "o.parquet")
    refused(said, "adapter")
    assert not (tmp_path / "o.parquet").exists()


def test_an_adapter_does_not_choose_its_base(place, baseline, gate, tmp_path):
    """The base that its configuration names is not fetched or read: the user names one."""
    folder = adapter(place, tmp_path, base_model_name_or_path="evil/model", revision="evil")
    labels = [word for i, name in enumerate(("fruit", "metal", "metal alloy"))
              for word in ("--label", f"{i}={name}")]
    said = gate(folder, "--base", "enc", *labels)
    assert said.code in (0, 1), said.err
    found = json.loads((tmp_path / "out" / "gate.json").read_text())
    assert found["candidate"]["base"] == "enc"
    assert "evil" not in said.all + json.dumps(found)


@pytest.mark.parametrize(("fields", "words"), [
    ({"base_model_name_or_path": "x", "inference_mode": False}, "inference_mode"),
    ({"r": 10**9}, "asks for r"),
    ({"auto_mapping": {"parent_library": "../evil"}}, "names code or a file"),
    ({"megatron_config": {"a": 1}, "megatron_core": "evil"}, "megatron"),
    ({"peft_type": "\x1b[2JNONE"}, "adapter"),
    ({"target_modules": "(.*)*x"}, "more than 1 seconds to look at"),
    ({"rank_pattern": {"(.*)*x": 2}}, "more than 1 seconds to look at"),
    ({"target_modules": "(("}, "no pattern")], ids=str)
def test_an_adapter_s_configuration_is_refused(place, baseline, gate, request, tmp_path, fields,
                                               words):
    if "seconds" in words:  # a busy machine needs more than one for the others
        request.getfixturevalue("impatient")
    refused(gate(adapter(place, tmp_path, **fields), "--base", "enc"), words)


def test_a_baseline_edited_by_hand_is_refused(place, baseline, gate, tmp_path):
    whole = json.loads(baseline.read_text())
    edits = {
        "answers": [[1 / 3] * 3 for _ in whole["answers"]],
        "items": whole["items"][:-1], "labels": ["a", "b", "c"], "origin": "other",
        "approval": whole["approval"] | {"by": "Somebody Else"},
        "record": whole["record"] | {"quality": whole["record"]["quality"] | {"accuracy": 0.1}},
        "sha256": "0" * 64}
    for name, value in edits.items():
        baseline.write_text(json.dumps(whole | {name: value}))
        for said in (gate(place.run_id("majority")), harness(
                "baseline", "show", "tiny", "--baselines", tmp_path)):
            refused(said, "tiny.json", "does not have its hash: it was edited or damaged")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("content", "words"), [
    ("[" * 100_000, "not a baseline"), ("{}", "not a baseline"), ("\0", "not a baseline"),
    (b"\xff\xfe", "not UTF-8"), ('{"suite": "\\u001b]0;owned\\u0007"}', "not a baseline")], ids=str)
def test_a_baseline_that_is_none_is_refused(place, gate, tmp_path, content, words):
    (tmp_path / "tiny.json").write_bytes(
        content if isinstance(content, bytes) else content.encode())
    refused(gate(place.run_id("majority")), "tiny.json", words)


def test_a_note_is_shown_without_its_codes(place, tmp_path):
    note = "\x1b]0;owned\x07[bold red]fine[/] [link=http://evil]here[/link] \u202eenod"
    said = harness("baseline", "approve", place.run_id("tfidf"), "--suites", place.folder,
                   "--runs", place.runs, "--baselines", tmp_path, "--note", note)
    assert said.code == 0, said.err
    for word in ("show", "history"):
        shown = harness("baseline", word, "tiny", "--baselines", tmp_path, FORCE_COLOR="1")
        assert "[bold red]fine[/]" in shown.out
        assert controls(shown.all) == ""
        assert "\x1b]" not in shown.all


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "a/b", "\x1b]0;x\x07"])
def test_a_name_that_is_a_path_reads_nothing_there(place, tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)  # whose parent holds no study
    refused(harness("baseline", "show", name, "--baselines", tmp_path), "json")
    refused(harness("baseline", "approve", name, "--suites", place.folder, "--runs", place.runs,
                    "--baselines", tmp_path), "run")
    refused(harness("compare", name, name, "--runs", place.runs, "--reports", tmp_path), "stud")
    refused(harness("init", name, "--data", place.folder / "data.csv", "--text", "text", "--label",
                    "label", "--suites", tmp_path), "is no name")
    assert list(tmp_path.iterdir()) == []
