"""A study of texts that are answered with spans: run, reported, done again, predicted with."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from command_line import ask, harness
from seqeval.metrics import f1_score
from spanned import spanned, spanned_dict

import harness as api
from harness.common.errors import HarnessError
from harness.compare.alike import DOUBTED
from harness.report.published import read_published


@pytest.fixture(scope="module")
def study(tmp_path_factory, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp("phrases")
    spanned().to_csv(folder / "data.csv", index=False)
    suite = spanned_dict(encoder_folder, decoder_folder)
    suite["methods"] = ["majority", "gazetteer", "crf"]
    suite["budget"] |= {"train": 50, "test": 30, "trials": 1, "seeds": 1, "max_length": 96,
                        "max_words": 9}
    suite["backbones"]["enc"]["methods"] = ["features", "full", "lora"]
    suite["backbones"]["dec"] |= {"methods": ["zero-shot", "rag", "lora"], "budget": {"test": 30}}
    (folder / "phrases.yaml").write_text(yaml.safe_dump(suite | {"name": "phrases"}))
    said = ask(folder, "run", "phrases")
    assert said.code == 0, said.all
    return folder


@pytest.fixture(scope="module")
def published(study):
    return read_published(study / "reports" / "phrases" / "study.json")


def test_every_method_has_a_result_and_no_rule_is_broken(published):
    assert {r.status.state for r in published.study.records} == {"ok"}
    assert {rule.name for rule in published.rules if rule.held is False} <= set(DOUBTED)
    assert (published.study.kind, published.summary.metric) == ("spans", "micro_f1")
    figures = {row.name: row.common["micro_f1"].mean for row in published.summary.rows}
    assert figures["gazetteer"] > 0.9
    assert figures["majority"] == 0.0
    assert {"gazetteer", "crf"} & {published.verdict.recommended, *published.verdict.between}


def test_figures_are_seqevals_of_the_kept_predictions(study, published):
    for record in published.study.records:
        table = pq.read_table(study / "runs" / "phrases" / record.identity.run_id
                              / "predictions.parquet")
        sides = []
        for column in ("target", "answer"):
            tags = []
            for cell in table[column].to_pylist():
                own = ["O"] * 200
                for s in json.loads(cell):
                    own[s["start"]:s["end"]] = ([f"B-{s['label']}"]
                                                + [f"I-{s['label']}"] * (s["end"] - s["start"] - 1))
                tags.append(own)
            sides.append(tags)
        assert record.figures["micro_f1"] == pytest.approx(
            f1_score(*sides, average="micro", zero_division=0))
        assert record.spans.items == len(table)


def test_pages_say_what_was_found(study):
    page = (study / "reports" / "phrases" / "index.html").read_text()
    text = (study / "reports" / "phrases" / "report.md").read_text()
    for shown in (page, text):
        assert "micro F1" in shown
        assert "no span at all" in shown or "precision" in shown
    assert "fruit: " in page
    for record in read_published(study / "reports" / "phrases" / "study.json").study.records:
        for found in record.spans.per_class:
            cells = (found.support, found.answered, *(
                "–" if value is None else f"{value:.3f}"
                for value in (found.precision, found.recall, found.f1)))
            row = f'<td class="text">{found.label}</td>' + "".join(f"<td>{c}</td>" for c in cells)
            assert row in page
        assert {(s.column, s.value) for s in record.slices} == {("source", "even"),
                                                                ("source", "odd")}
        assert all(set(s.figures) == {"micro_f1", "all_spans"} for s in record.slices)


def test_runs_are_planned_checked_compared_and_done_again(study, published):
    for command in ("plan", "check"):
        said = ask(study, command, "phrases")
        assert said.code == 0, said.all
    runs = {r.identity.label: r.identity.run_id for r in published.study.records
            if r.identity.backbone != "dec"}
    said = harness("compare", runs["crf"], runs["majority"], "--runs", study / "runs")
    assert said.code == 0, said.all
    for method in ("crf", "full", "features"):
        said = ask(study, "reproduce", runs[method], "--suite", "phrases")
        assert said.code == 0, said.all


def test_a_kept_run_predicts_spans(study, published, tmp_path, monkeypatch):
    runs = {(r.identity.label, r.identity.backbone): r for r in published.study.records}
    frame = spanned(12, seed=5)
    frame.to_csv(tmp_path / "new.csv", index=False)
    for name in (("gazetteer", None), ("full", "enc"), ("features", "enc"), ("lora", "dec")):
        output = tmp_path / f"{name[0]}.parquet"
        said = ask(study, "predict", runs[name].identity.run_id, "--suite", "phrases",
                   "--input", tmp_path / "new.csv", "--output", output)
        assert said.code == 0, said.all
        found = pd.read_parquet(output)
        assert len(found) == 12
        for text, spans in zip(frame["text"], found["prediction"], strict=True):
            for span in [] if spans is None else spans:
                assert text[span["start"]:span["end"]] == span["text"]
    monkeypatch.chdir(study)
    model = api.load(runs["gazetteer", None].identity.run_id, suite="phrases",
                     suites=str(study), runs=str(study / "runs"))
    answers = model.predict(list(frame["text"]))
    for text, cell, own in zip(frame["text"], frame["label"], answers, strict=True):
        read = len(" ".join(text.split()[:9]))
        assert [[s["start"], s["end"], s["label"]] for s in own] == [
            span for span in json.loads(cell) if span[1] <= read]
    with pytest.raises(HarnessError, match="spans of the texts"):
        model.predict_proba(["a"])


def test_w_and_b_gets_the_figures(published):
    from harness.report.dashboard.runs import summary_of

    record = next(r for r in published.study.records if r.identity.label == "gazetteer")
    assert summary_of(record)["quality/micro_f1"] == pytest.approx(record.figures["micro_f1"])
