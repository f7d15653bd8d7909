"""The approved model on disk."""

import json
import re

import numpy as np
import pytest

from harness.common.errors import HarnessError
from harness.common.sealed import seal
from harness.gate.baseline import Baseline, as_judged, read_baseline
from harness.gate.sheet import Sheet
from harness.suite import Words
from harness.targets.kinds import KINDS
from harness.tasks.examples import Example


@pytest.mark.parametrize(("kind", "words", "text"), [
    ("spans", Words(most=2), "one two"), ("spans", None, "one two three"),
    ("classification", Words(most=2), "one two three")])
def test_texts_with_spans_are_judged_on_the_words_that_are_read(kind, words, text):
    """Nobody can find what stands behind them; elsewhere what is read of a text is a model's."""
    item = Example(id="1", text="one two three", pair=None, label=0, group="g", slices={},
                   spans=() if kind == "spans" else None)
    (found,) = as_judged([item], KINDS[kind], words)
    assert found.text == text


def test_a_part_s_answers_are_that_part_s():
    tested, kept = (Sheet(items=(name,), targets=("x",), answers=("x",)) for name in "tg")
    both, one = (Baseline.model_construct(
        items=tested.items, targets=tested.targets, answers=tested.answers, weights=(),
        gate=gate) for gate in (kept, None))
    assert (both.sheet("test"), both.sheet("gate"), both.judging) == (tested, kept, "gate")
    assert (one.sheet("test"), one.judging) == (tested, "test")


def test_it_holds_the_run_s_answers(place, tmp_path):
    run_id = place.run_id("full", "enc")
    baseline = read_baseline(place.approve(run_id, tmp_path, anonymous=True))
    table = place.store.predictions(run_id).to_pandas()
    assert list(baseline.items) == table["item"].tolist()
    columns = [f"p:{label}" for label in baseline.labels]
    np.testing.assert_allclose(baseline.said("test"), table[columns], rtol=1e-8)
    assert list(baseline.targets) == table["target"].tolist()
    assert baseline.record == place.store.record(run_id)
    assert baseline.approval.by is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", baseline.approval.at)


def test_every_approval_stays_in_the_history(place, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    for i, (key, value) in enumerate((("user.name", "Ada"), ("user.email", "ada@example.org"))):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{i}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{i}", value)
    ids = [place.run_id("majority"), place.run_id("tfidf"), place.run_id("full", "enc")]
    for i, run_id in enumerate(ids):
        path = place.approve(run_id, tmp_path, note=f"number {i}")
    baseline = read_baseline(path)
    assert baseline.record.identity.run_id == ids[2]
    assert [past.run_id for past in baseline.history] == [ids[1], ids[0]]
    assert [past.approval.note for past in baseline.history] == ["number 1", "number 0"]
    assert baseline.approval.by == "Ada <ada@example.org>"


@pytest.mark.parametrize("edit", [
    lambda b: b["answers"][0].reverse(), lambda b: b.update(targets=b["targets"][::-1]),
    lambda b: b["record"]["quality"].update(accuracy=0.1),
    lambda b: b["approval"].update(by="Someone Else")])
def test_a_file_edited_by_hand_is_refused(place, tmp_path, edit):
    path = place.approve(place.run_id("tfidf"), tmp_path)
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))
    with pytest.raises(HarnessError, match="does not have its hash"):
        read_baseline(path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"suite": 1}', "\ud83d", "null"])
def test_a_file_that_is_none(tmp_path, text):
    path = tmp_path / "tiny.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(HarnessError, match="not a baseline"):
        read_baseline(path)


def test_a_newer_one_is_refused(place, tmp_path):
    path = place.approve(place.run_id("tfidf"), tmp_path)
    path.write_text(path.read_text().replace('"schema_version": 3', '"schema_version": 99', 1))
    with pytest.raises(HarnessError, match="is newer than"):
        read_baseline(path)


def test_what_cannot_be_approved(place, tmp_path):
    with pytest.raises(HarnessError, match="there is no run"):
        place.approve("0" * 16, tmp_path)
    with pytest.raises(HarnessError, match="there is no run"):
        place.approve("../../etc", tmp_path)


def test_what_a_run_builds_on_is_part_of_its_size(place, tmp_path):
    size = {name: place.store.record(place.run_id(name, "dec")).size.artifact_bytes
            for name in ("rag+lora", "lora")}
    own = sum(p.stat().st_size for p in place.artifact("rag+lora", "dec").rglob("*") if p.is_file())
    assert size["rag+lora"] == size["lora"] + own
    run_id = place.run_id("rag+lora", "dec")
    assert read_baseline(place.approve(run_id, tmp_path)).artifact_bytes == size["rag+lora"]
    assert place.gate(run_id, tmp_path).candidate.artifact_bytes == size["rag+lora"]


def test_a_model_that_builds_on_another_is_not_kept_alone(place, tmp_path):
    with pytest.raises(HarnessError, match="builds on run"):
        place.approve(place.run_id("rag+lora", "dec"), tmp_path, keep=True)
    assert not (tmp_path / "tiny.json").exists()


def test_a_file_of_version_1_is_read_as_before(place, tmp_path):
    """It knows classes by number, probabilities and accuracy alone."""
    path = place.approve(place.run_id("tfidf"), tmp_path)
    path = place.approve(place.run_id("full", "enc"), tmp_path)
    now, fields = read_baseline(path), json.loads(path.read_text())
    old = {name: value for name, value in fields.items() if name not in ("kind", "answers")} | {
        "schema_version": 1, "probabilities": fields["answers"],
        "targets": [fields["labels"].index(target) for target in fields["targets"]],
        "history": [{name: value for name, value in past.items() if name not in ("metric", "value")}
                    | {"accuracy": past["value"]} for past in fields["history"]]}
    path.write_text(json.dumps(old | {"sha256": seal(old)}))
    before = read_baseline(path)
    assert before.model_copy(update={"sha256": ""}) == now.model_copy(update={"sha256": ""})
    assert place.gate(place.run_id("full", "enc"), tmp_path).outcome == "passed"


def with_answers(place, folder, change):
    """A baseline whose answers are others, sealed as if they were its own."""
    path = place.approve(place.run_id("full", "enc"), folder)
    value = json.loads(path.read_text())
    value["answers"] = change(value["answers"], value["labels"])
    path.write_text(json.dumps(value | {"sha256": seal(value)}))
    return path


def test_answers_may_be_names_of_classes_alone(place, tmp_path):
    path = with_answers(place, tmp_path, lambda answers, labels: [
        "null", " null ", *(json.dumps([labels[0]]) for _ in answers[2:])])
    said = read_baseline(path).said("test").tolist()
    assert said[:3] == [None, None, (0,)]


@pytest.mark.parametrize("change", [
    lambda answers, labels: ['["no class of it"]', *answers[1:]],
    lambda answers, labels: [json.dumps(labels[:1]), *answers[1:]],
    lambda answers, labels: [*answers[:-1], json.dumps(labels[:1])],
    *(lambda answers, labels, text=text: [text] * len(answers)
      for text in ("no JSON", "{}", "[1]", "[[]]"))])
def test_answers_of_no_one_form_are_refused(place, tmp_path, change):
    with pytest.raises(HarnessError, match="not a baseline"):
        read_baseline(with_answers(place, tmp_path, change))
