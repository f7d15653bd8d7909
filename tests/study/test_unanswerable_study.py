"""A study of questions of which some are not answered by the documents: run and reported."""

import json
import re

import pyarrow.parquet as pq
import pytest
import yaml
from command_line import harness
from quiz import questions, quiz_dict, write_quiz

from harness.common.errors import HarnessError
from harness.report.published import read_published
from harness.suite import load_suite
from harness.targets.kinds import KINDS
from harness.tasks.task import load_task

SAYS = "the papers do not say"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp("unanswerable")
    write_quiz(folder)
    asked = [row | ({"answer": []} if number % 3 == 0 else {})
             for number, row in enumerate(questions())]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, asked)))
    suite = quiz_dict(encoder_folder, decoder_folder)
    suite["task"]["unanswerable"] = {"says": SAYS}
    suite["task"]["prompt"]["instruction"] = "Answer the question, or say: {unanswerable}."
    del suite["task"]["corpus"]["new"]
    suite["backbones"]["enc"]["methods"] = ["knn"]
    suite["backbones"]["dec"]["methods"] = [
        {"rag": {"tokens": 120, "search": "bm25"}}]
    (folder / "quiz.yaml").write_text(yaml.safe_dump(suite))
    said = harness("run", folder / "quiz.yaml", "--runs", folder / "runs", "--reports",
                   folder / "reports", "--no-wandb", HARNESS_CACHE=str(folder / "cache"))
    assert said.code == 0, said.all
    return folder


@pytest.fixture(scope="module")
def published(folder):
    return read_published(folder / "reports" / "quiz" / "study.json")


def test_each_run_is_measured_by_it(folder, published):
    for record in published.study.records:
        assert record.status.state == "ok"
        table = pq.read_table(folder / "runs" / "quiz" / record.identity.run_id
                              / "predictions.parquet").to_pandas()
        none = table["target"] == SAYS
        refused = table["answer"].str.strip(" .").str.lower() == SAYS
        assert record.generation.unanswerable == none.sum() > 0
        assert record.generation.refused == pytest.approx(refused[none].mean())
        assert record.generation.wrongly_refused == pytest.approx(refused[~none].mean())
        assert record.generation.exact_match_answerable == pytest.approx(
            table["m:exact_match"][~none].mean())


def test_who_always_says_the_most_frequent_answer_refuses_all(published):
    majority = next(r for r in published.study.records if r.identity.label == "majority")
    assert (majority.generation.refused, majority.generation.wrongly_refused) == (1.0, 1.0)
    row = next(r for r in published.summary.rows if r.label == "majority")
    assert row.common["answerable_f1"].mean == 0.0


def test_the_prompt_offers_the_phrase(folder):
    task = load_task(load_suite(folder / "quiz.yaml"))
    assert task.prompt.instruction == f"Answer the question, or say: {SAYS}."
    assert task.wording.refuses(f"{SAYS}.")


@pytest.mark.parametrize("instruction", ["Answer.", None])
def test_a_suite_that_does_not_offer_it_is_refused(folder, tmp_path, instruction):
    suite = yaml.safe_load((folder / "quiz.yaml").read_text())
    if instruction is None:
        del suite["task"]["unanswerable"]
    else:
        suite["task"]["prompt"]["instruction"] = instruction
    (tmp_path / "quiz.yaml").write_text(yaml.safe_dump(suite))
    with pytest.raises(HarnessError, match=re.escape("holds {unanswerable} where")):
        load_suite(tmp_path / "quiz.yaml")


def test_tables_have_the_figures(folder, published):
    page = (folder / "reports" / "quiz" / "index.html").read_text()
    for name in ("refused", "wrongly_refused", "answerable_f1", "exact_match_answerable"):
        assert name in published.study.metrics
        assert KINDS["generation"].metric(name).says in page


def test_searches_are_measured_by_what_has_an_answer(folder, published):
    found = next(r for r in published.study.records if r.identity.label == "rag").retrieval
    answered = published.study.data.test - next(
        r for r in published.study.records).generation.unanswerable
    assert found.answer_share * answered == pytest.approx(round(found.answer_share * answered))
    assert found.answer_share > 0.5
