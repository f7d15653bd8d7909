"""A study of questions that are answered in words: run, reported, read again."""

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from command_line import harness, refused
from quiz import quiz_dict, write_quiz

from benchmarks.headers import header
from harness.compare.alike import DOUBTED
from harness.report.published import read_published
from harness.targets.kinds import KINDS


@pytest.fixture(scope="module")
def quiz(tmp_path_factory, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp("quiz")
    write_quiz(folder)
    (folder / "quiz.yaml").write_text(yaml.safe_dump(quiz_dict(encoder_folder, decoder_folder)))
    said = ask(folder, "run", "quiz")
    assert said.code == 0, said.all
    return folder


def ask(folder, *words):
    places = {"run": ("--suites", folder, "--runs", folder / "runs", "--reports",
                      folder / "reports"),
              "reproduce": ("--suites", folder, "--runs", folder / "runs"),
              "predict": ("--suites", folder, "--runs", folder / "runs"),
              "plan": ("--suites", folder, "--runs", folder / "runs")}[words[0]]
    return harness(*words, *places, HARNESS_CACHE=str(folder / "cache"))


@pytest.fixture(scope="module")
def published(quiz):
    return read_published(quiz / "reports" / "quiz" / "study.json")


def run_of(published, label):
    return next(r for r in published.study.records if r.identity.label == label)


def test_every_method_has_a_result_and_no_rule_is_broken(published):
    assert [r.status.state for r in published.study.records] == ["ok"] * 9
    assert {rule.name for rule in published.rules if rule.held is False} <= set(DOUBTED)
    assert published.study.kind == "generation"
    assert published.summary.metric == "token_f1"


def test_figures_are_the_means_of_the_items_scores(quiz, published):
    for record in published.study.records:
        table = pq.read_table(quiz / "runs" / "quiz" / record.identity.run_id
                              / "predictions.parquet")
        for metric in (m.name for m in KINDS["generation"].own if m.always):
            mean = table[f"m:{metric}"].to_numpy().mean()
            assert getattr(record.generation, metric) == pytest.approx(mean)
            row = next(r for r in published.summary.rows if r.label == record.identity.label)
            assert row.common[metric].mean == pytest.approx(mean)
            assert row.common[metric].low <= mean <= row.common[metric].high
        lengths = [len(target.split()) for target in table["target"].to_pylist()]
        assert record.generation.reference_words == pytest.approx(np.mean(lengths))
        said = [len(answer.split()) for answer in table["answer"].to_pylist()]
        assert record.generation.words == pytest.approx(np.mean(said))


def test_old_and_new_knowledge_stand_apart(quiz, published):
    found = published.freshness
    assert (found.old_items, found.new_items, found.new_documents) == (8, 12, 3)
    for row in found.rows:
        record = next(r for r in published.study.records if r.identity.name == row.name)
        table = pq.read_table(quiz / "runs" / "quiz" / record.identity.run_id
                              / "predictions.parquet").to_pandas()
        by = table.groupby("slice:knowledge")["m:token_f1"].mean()
        assert (row.old.mean, row.new.mean) == pytest.approx((by["old"], by["new"]))
        assert row.gap.mean == pytest.approx(by["old"] - by["new"])
        assert row.old.low <= row.old.mean <= row.old.high
    by_name = {row.name: row for row in found.rows}
    assert by_name["rag (dec)"].update_by == "index"
    assert by_name["full (dec)"].update_by == "tuning"
    full = run_of(published, "full")
    assert by_name["full (dec)"].update_seconds == full.cost.stand_alone_seconds
    assert by_name["zero-shot (dec)"].update_by is None


def test_what_the_search_found_is_in_the_record(published):
    figures = run_of(published, "rag-bm25").retrieval
    assert figures.index == "bm25"
    assert figures.indexed == published.study.data.passages
    assert figures.indexed_sha256 == published.study.data.passages_sha256
    assert figures.update_passages > 0
    # Every question names its place, which only its document has.
    assert figures.recall[1] == 1.0
    assert figures.mrr == 1.0


def test_the_report_shows_both(quiz):
    text = (quiz / "reports" / "quiz" / "report.md").read_text()
    for words in ("## Old and new knowledge", "## Retrieval", "token F1", "answer recall",
                  "3 new after training"):
        assert words in text
    page = (quiz / "reports" / "quiz" / "index.html").read_text()
    assert 'id="freshness-table"' in page
    assert 'id="calibration"' not in page


def test_a_suite_s_header_has_both_sides_and_what_was_found(published):
    lines = header(published, published.study.profile)
    text = " ".join(lines)
    assert "token F1 is on the" not in text, "a sentence begins with a capital"
    assert "exact match and answer recall on all test items" in text
    assert "on 8 of those items about documents that were there at training and on 12" in text
    knows = next(row for row in published.freshness.rows if row.name == "rag-bm25 (dec)")
    cells = next(line for line in lines if line.startswith("rag-bm25  ")).split()
    assert cells[-4:-2] == [f"{knows.old.mean:.3f}", f"{knows.new.mean:.3f}"]
    assert "rag-bm25: recall of the document 1.000 at 1" in text


def test_a_second_call_trains_nothing(quiz):
    said = ask(quiz, "run", "quiz")
    assert said.code == 0
    assert "[1/" not in said.out, said.out


def test_a_run_is_made_again_with_the_same_answers(quiz, published):
    said = ask(quiz, "reproduce", run_of(published, "rag+lora").identity.run_id)
    assert said.code == 0, said.all
    assert "predictions: the same bit for bit, 20 items" in said.out


def test_other_questions_are_answered(quiz, published):
    (quiz / "asked.csv").write_text("id;question\n1;What is the bird of Oakham?\n2;Who rules?\n")
    said = ask(quiz, "predict", run_of(published, "knn").identity.run_id, "--suite", "quiz",
               "--input", quiz / "asked.csv", "--output", quiz / "answers.parquet")
    assert said.code == 0, said.all
    table = pq.read_table(quiz / "answers.parquet")
    assert table.column_names == ["row", "item", "prediction"]
    assert all(table["prediction"].to_pylist())


@pytest.mark.parametrize(("change", "words"), [
    (lambda s: s["task"].update(labels={"a": ["a"], "b": ["b"]}), "answered in words"),
    (lambda s: s.update(decide={"metric": "macro_f1"}), "decide.metric: macro_f1"),
    (lambda s: s["task"].update(kind="classification"), "labels"),
    (lambda s: s.update(gate={"metrics": {"accuracy": {"at_least": 0.5}}}),
     "gate: a task of kind generation has no metric 'accuracy'"),
    (lambda s: s["task"].update(reader={"table": {"text": "question", "label": "place"}}),
     "no row has a question and a reference"),
    (lambda s: s["task"]["prompt"].update(passage="no slot"), "must hold {passage} once"),
])
def test_what_does_not_fit_the_kind_is_refused(tmp_path, encoder_folder, decoder_folder, change,
                                               words):
    write_quiz(tmp_path)
    suite = quiz_dict(encoder_folder, decoder_folder)
    change(suite)
    (tmp_path / "quiz.yaml").write_text(yaml.safe_dump(suite))
    refused(harness("plan", "quiz", "--suites", tmp_path), "quiz.yaml", words)
