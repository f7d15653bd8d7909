"""`harness export` on a whole small study."""

import io
import json
import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from harness.commands import export as commands
from harness.commands.export import Asked
from harness.common.errors import HarnessError
from harness.common.files import sha256_file
from harness.export.answers import AnsweredAgain
from harness.export.manifest import Manifest, Reads
from harness.gate.graph import UNASKED
from harness.report.card import card


def exported(place, label, backbone, to, folder, name=None):
    asked = Asked(name or place.run_id(label, backbone), str(place.folder / f"{place.name}.yaml"),
                  None, place.folder, place.runs)
    console = Console(file=io.StringIO(), width=160)
    found = commands.export(console, asked, to, folder)
    found.print_on(console)
    return found, console.file.getvalue()


@pytest.fixture(scope="module")
def shipped(place, tmp_path_factory):
    """The tiny `lora` run as an ONNX folder, by the command."""
    folder = tmp_path_factory.mktemp("shipped") / "lora"
    return *exported(place, "lora", "enc", "onnx", folder), folder


def test_the_folder_says_what_it_is_and_what_it_answers(place, shipped):
    found, said, folder = shipped
    told = Manifest.model_validate_json((folder / "export.json").read_text())
    again = AnsweredAgain.model_validate_json((folder / "answers.json").read_text())
    assert again == found.answers
    assert told.files == {path.name: sha256_file(path) for path in folder.iterdir()
                          if path.name != "export.json"}
    assert (told.run_id, told.format) == (place.run_id("lora", "enc"), "onnx")
    assert told.labels == ("fruit", "metal", "metal alloy")
    assert told.reads.max_length == 32
    assert again.items == again.equal + len(again.changed) == 30
    assert f"{again.equal} of 30 test items answered as before" in " ".join(said.split())
    assert set(again.latency) == {"served", "exported"}
    for path in folder.iterdir():
        assert str(place.folder).encode() not in path.read_bytes(), path.name


def test_changed_answers_are_those_that_the_predictions_show(place, shipped):
    """By the program in the folder, against the run's own table."""
    found, _, folder = shipped
    table = pq.read_table(place.store.path(place.run_id("lora", "enc"))
                          / "predictions.parquet").to_pandas()
    items = {e.id: e.text for e in place.plan.task.splits.test}
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "predict.py")], capture_output=True, text=True,
        input="".join(f"{items[one]}\n" for one in table["item"]), check=True)
    said = [line.split("\t")[0] for line in done.stdout.splitlines()]
    before = table.filter(like="p:").idxmax(axis=1).str[2:]
    assert [one.item for one in found.answers.changed] == [
        item for item, old, new in zip(table["item"], before, said, strict=True) if old != new]
    right = sum(new == target for new, target in zip(said, table["target"], strict=True))
    assert found.answers.changes.better - found.answers.changes.worse == right - sum(
        before == table["target"])


def test_the_card_has_the_figures_and_no_markup_of_others(place, shipped):
    _, _, folder = shipped
    text = (folder / "README.md").read_text()
    assert text.startswith("---\nlibrary_name: transformers\n")
    assert "test items" in text
    assert place.run_id("lora", "enc") in text
    assert "24 training items" in text


def test_what_others_wrote_is_no_markup_of_the_card(place, shipped):
    reads = Reads(max_length=8, max_words=4, ends="head+tail", pairs=True, threshold=0.5)
    record = place.store.record(place.run_id("lora", "enc"))
    text = card("<b>x</b> | `y`", "[here](http://a)", record, reads, shipped[0].answers,
                ("<i>", "a|b", "*c*"), script=False)
    assert "<b>" not in text
    assert "<i>" not in text
    assert "[here](" not in text
    assert "a\\|b, \\*c\\*" in text
    assert "at most 4 words of it, from both ends" in text
    assert "above 0.5" in text


def test_the_gate_takes_the_graph(place, shipped, tmp_path):
    """Against the run that it was written from, with a rule that cannot be measured on it."""
    place.approve(place.run_id("lora", "enc"), tmp_path)
    result = place.gate(shipped[2], tmp_path)
    assert result.outcome == "passed"
    assert result.metrics["log_loss"].difference.value == pytest.approx(0, abs=0.01)
    suite = place.suite("forgets", gate__forgetting_drop_at_most=0.5, gate__missing="cannot-say")
    result = place.gate(shipped[2], tmp_path, suite=suite)
    assert result.outcome == "cannot-say"
    (missing,) = [check for check in result.checks if check.state == "missing"]
    assert missing.about == UNASKED


def test_a_graph_of_other_classes_is_refused(place, shipped, tmp_path):
    folder = shutil.copytree(shipped[2], tmp_path / "other")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {
        "id2label": {"0": "fruit", "1": "metal"}, "label2id": {}}))
    place.approve(place.run_id("lora", "enc"), tmp_path)
    with pytest.raises(HarnessError, match="names 2 outputs"):
        place.gate(folder, tmp_path)
    (folder / "config.json").write_text(json.dumps(config | {
        "id2label": {"0": "fruit", "1": "metal", "2": "glass"}, "label2id": {}}))
    with pytest.raises(HarnessError, match="do not match"):
        place.gate(folder, tmp_path)


def test_a_folder_of_other_things_is_left_alone(place, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(HarnessError, match="was not exported"):
        exported(place, "full", "enc", "merged", tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_there_is_no_such_run(place, tmp_path):
    with pytest.raises(HarnessError, match="there is no run"):
        exported(place, "full", "enc", "merged", tmp_path / "out", "0" * 16)
    assert not (tmp_path / "out").exists()
