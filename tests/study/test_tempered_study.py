"""A study whose probabilities are calibrated: fitted, recorded, shown, loaded again, judged."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from command_line import ask, harness, refused
from sklearn.metrics import log_loss
from tiny import sentences, suite_dict

from harness.report.published import read_published


def suite(encoder, decoder):
    found = suite_dict(encoder, decoder)
    found["decide"] = {"calibrate": "temperature"}
    found["budget"] |= {"seeds": 1}
    found["gate"] = {"metrics": {"accuracy": {"non_inferior_within": 0.5}}}
    found["backbones"]["enc"]["methods"] = ["features", "lora"]
    found["backbones"]["dec"]["methods"] = ["zero-shot"]
    return found


@pytest.fixture(scope="module")
def study(tmp_path_factory, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp("tempered")
    sentences().to_csv(folder / "data.csv", index=False)
    (folder / "tiny.yaml").write_text(yaml.safe_dump(suite(encoder_folder, decoder_folder)))
    said = ask(folder, "run", "tiny")
    assert said.code == 0, said.all
    return folder


@pytest.fixture(scope="module")
def published(study):
    return read_published(study / "reports" / "tiny" / "study.json")


def probabilities(study, record, labels):
    table = pq.read_table(study / "runs" / "tiny" / record.identity.run_id / "predictions.parquet")
    return np.column_stack([table[f"p:{label}"].to_numpy() for label in labels]), table


def test_every_run_says_what_its_temperature_made_of_its_probabilities(study, published):
    labels = published.study.labels
    for record in published.study.records:
        made = record.tempering
        assert made.items == 12
        said, table = probabilities(study, record, labels)
        right = [labels.index(name) for name in table["target"].to_pylist()]
        assert made.log_loss == pytest.approx(log_loss(right, said, labels=range(len(labels))))
        assert made.log_loss == pytest.approx(record.quality.log_loss)
        before = said ** made.temperature  # none of them is so sure that the way back is lost
        before /= before.sum(axis=1, keepdims=True)
        assert made.log_loss_before == pytest.approx(
            log_loss(right, before, labels=range(len(labels))), rel=1e-4)


def test_the_report_has_them(study, published):
    assert "at a temperature of" in (study / "reports" / "tiny" / "report.md").read_text()
    page = (study / "reports" / "tiny" / "index.html").read_text()
    assert page.count("validation items, log loss") == len(published.summary.rows)


def test_a_kept_run_says_the_same_again(study, published):
    record = next(r for r in published.study.records if r.identity.label == "features")
    wanted, _ = probabilities(study, record, published.study.labels)
    said = harness("reproduce", record.identity.run_id, "--suites", study, "--runs",
                   study / "runs", HARNESS_CACHE=str(study / "cache"))
    assert "the same bit for bit" in said.out, said.all
    said = harness("predict", record.identity.run_id, "--suite", "tiny", "--input",
                   study / "data.csv", "--output", study / "a.parquet", "--suites", study, "--runs",
                   study / "runs", HARNESS_CACHE=str(study / "cache"))
    assert said.code == 0, said.all
    frame = pq.read_table(study / "a.parquet").to_pandas()
    columns = [name for name in frame if name.startswith("p:")]
    ids = {row["item"]: row[columns].to_numpy(float) for _, row in frame.iterrows()}
    items = pq.read_table(study / "runs" / "tiny" / record.identity.run_id
                          / "predictions.parquet")["item"].to_pylist()
    assert np.stack([ids[item] for item in items]) == pytest.approx(wanted, abs=1e-6)


def test_a_merged_adapter_is_held_to_the_same_temperature(published):
    record = next(r for r in published.study.records if r.identity.label == "lora")
    assert record.merge.reason is None
    assert record.merge.largest < 1e-2


def test_the_gate_takes_it(study, published):
    record = next(r for r in published.study.records if r.identity.label == "features")
    places = ("--suite", "tiny", "--suites", study, "--runs", study / "runs")
    for command in (("baseline", "approve"), ("gate",)):
        said = harness(*command, record.identity.run_id, *places, "--baselines",
                       study / "baselines", HARNESS_CACHE=str(study / "cache"))
        assert said.code == 0, said.all


def test_what_has_no_probabilities_is_not_calibrated(tmp_path, encoder_folder, decoder_folder):
    from quiz import quiz_dict, write_quiz

    write_quiz(tmp_path)
    value = quiz_dict(encoder_folder, decoder_folder)
    value["decide"] = {"metric": "token_f1", "calibrate": "temperature"}
    (tmp_path / "quiz.yaml").write_text(yaml.safe_dump(value))
    refused(harness("plan", "quiz", "--suites", tmp_path), "quiz.yaml", "decide.calibrate")


@pytest.mark.parametrize("label", ["features", "lora"])
def test_what_is_exported_holds_the_temperature_in_its_head(study, published, tmp_path, label):
    record = next(r for r in published.study.records if r.identity.label == label)
    assert abs(np.log(record.tempering.temperature)) > 0.1
    said = harness("export", record.identity.run_id, "--suite", "tiny", "--to", "merged",
                   "--output", tmp_path / label, "--suites", study, "--runs", study / "runs",
                   HARNESS_CACHE=str(study / "cache"))
    assert said.code == 0, said.all
    again = json.loads((tmp_path / label / "answers.json").read_text())
    assert again["changes"]["largest"] < 0.01


def test_a_model_that_answers_its_prompt_has_no_layer_for_it(study, published, tmp_path):
    record = next(r for r in published.study.records if r.identity.label == "zero-shot")
    refused(harness("export", record.identity.run_id, "--suite", "tiny", "--to", "merged",
                    "--output", tmp_path / "z", "--suites", study, "--runs", study / "runs",
                    HARNESS_CACHE=str(study / "cache")), "zero-shot")
