"""A study of items with any number of classes: run, reported, predicted with."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from command_line import ask, harness
from sklearn.metrics import f1_score
from tagged import tagged, tagged_dict

from harness.compare.alike import DOUBTED
from harness.report.published import read_published


@pytest.fixture(scope="module")
def study(tmp_path_factory, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp("tags")
    tagged().to_csv(folder / "data.csv", index=False)
    suite = tagged_dict(encoder_folder, decoder_folder)
    suite["budget"] |= {"train": 60, "test": 36, "trials": 1, "seeds": 1}
    suite["backbones"]["enc"]["methods"] = ["knn", "features", "full", "lora"]
    suite["backbones"]["dec"] |= {"methods": ["zero-shot", {"rag": {"tokens": 96}}],
                                   "budget": {"test": 36}}
    (folder / "tags.yaml").write_text(yaml.safe_dump(suite | {"name": "tags"}))
    said = ask(folder, "run", "tags")
    assert said.code == 0, said.all
    return folder


@pytest.fixture(scope="module")
def published(study):
    return read_published(study / "reports" / "tags" / "study.json")


def test_every_method_has_a_result_and_no_rule_is_broken(published):
    assert {r.status.state for r in published.study.records} == {"ok"}
    assert {rule.name for rule in published.rules if rule.held is False} <= set(DOUBTED)
    assert published.study.kind == "multilabel"
    assert published.summary.metric == "micro_f1"
    assert published.verdict.recommended == "tfidf"


def test_figures_are_those_of_the_kept_predictions(study, published):
    for record in published.study.records:
        table = pq.read_table(study / "runs" / "tags" / record.identity.run_id
                              / "predictions.parquet")
        labels = published.study.labels
        p = np.column_stack([table[f"p:{label}"].to_numpy() for label in labels])
        targets = np.array([[label in json.loads(t) for label in labels]
                            for t in table["target"].to_pylist()])
        assert record.figures["micro_f1"] == pytest.approx(
            f1_score(targets, p > 0.5, average="micro", zero_division=0.0))
        assert record.quality is None


def test_pages_speak_of_its_own_metrics(study):
    page = (study / "reports" / "tags" / "index.html").read_text()
    text = (study / "reports" / "tags" / "report.md").read_text()
    for shown in (page, text):
        assert "micro F1" in shown
        assert "subset accuracy" in shown
    assert "McNemar's exact test is on subset accuracy" in page
    assert "share that has the class" in page
    assert "none of the classes" in page
    assert "<th>as fruit</th>" not in page


def test_runs_are_planned_compared_and_done_again(study, published):
    said = ask(study, "plan", "tags")
    assert said.code == 0, said.all
    assert "all 8 runs are kept" in said.out
    ids = {r.identity.name: r.identity.run_id for r in published.study.records}
    said = harness("compare", ids["full (enc)"], ids["lora (enc)"], "--runs", study / "runs")
    assert said.code == 0, said.all
    assert "micro F1" in said.out
    said = ask(study, "reproduce", ids["full (enc)"], "--suite", "tags")
    assert said.code == 0, said.all
    assert "bit for bit" in said.out


def test_data_is_checked_and_new_texts_are_answered_with_lists(study, published):
    said = ask(study, "check", "tags")
    assert said.code == 0, said.all
    run = next(r for r in published.study.records if r.identity.label == "tfidf")
    (study / "new.csv").write_text("text\napple pear iron zinc\n\nplum cherry\n   \n"
                                   "with a very old new red of the some\n")
    said = ask(study, "predict", run.identity.run_id, "--suite", "tags", "--input",
               study / "new.csv", "--output", study / "out.parquet")
    assert said.code == 0, said.all
    found = pq.read_table(study / "out.parquet").to_pydict()
    assert found["row"] == [0, 1, 2, 3, 4], "case predict-blank-lines: blank lines are rows"
    assert found["prediction"][::2] == [["fruit", "metal"], ["fruit"], []]
    approved = harness("baseline", "approve", run.identity.run_id, "--suites", study, "--runs",
                       study / "runs", "--baselines", study, HARNESS_CACHE=str(study / "cache"))
    assert approved.code == 0, approved.all
    assert "macro F1" in approved.all
    assert set(found) == {"row", "item", "prediction", "p:fruit", "p:metal", "p:metal alloy"}
