"""Ways of searching beside each other: a search put in order, a model that learned with passages,
and the ceiling that is told which document a question is about."""

import pytest
import yaml
from command_line import ask, harness, refused
from quiz import quiz_dict, write_quiz

from harness.report import grids
from harness.report.published import read_published


@pytest.fixture(scope="module")
def quiz(tmp_path_factory, encoder_folder, decoder_folder, reranker_folder):
    folder = tmp_path_factory.mktemp("searched")
    write_quiz(folder)
    suite = searched(quiz_dict(encoder_folder, decoder_folder), reranker_folder)
    (folder / "quiz.yaml").write_text(yaml.safe_dump(suite))
    said = ask(folder, "run", "quiz")
    assert said.code == 0, said.all
    return folder


SHORT = {"words": 8, "overlap": 3}


def searched(suite, reranker):
    suite["rerankers"] = {"small": {"file": str(reranker)}}
    suite["backbones"]["enc"]["methods"] = ["knn"]
    how = {"search": "bm25", "k": 2, "tokens": 120}
    suite["backbones"]["dec"]["methods"] = [
        "zero-shot", {"rag": {"tokens": 120, "search": "bm25"}},
        {"rag": {"tokens": 120, "search": "bm25", "rerank": {"by": "small", "from": 20},
                 "as": "reranked"}},
        {"rag": {"tokens": 120, "search": "gold", "as": "gold"}},
        {"rag": {"tokens": 120, "searches": ["dense", "bm25"], "as": "chosen",
                 "budget": {"trials": 3}}},
        {"rag": {"tokens": 120, "as": "grid", "budget": {"trials": 6}, "searches": [
            {"search": "bm25", "chunk": dict(SHORT)}, {"search": "hybrid", "chunk": SHORT},
            {"search": "bm25", "rerank": {"by": "small", "from": 4}}]}},
        {"rag": {"tokens": 120, "search": "bm25", "chunk": dict(SHORT), "as": "short"}},
        {"lora": {"passages": how, "as": "raft"}},
        {"full": {"passages": how | {"rerank": {"by": "small"}}, "as": "raft-full"}}]
    return suite


@pytest.fixture(scope="module")
def published(quiz):
    return read_published(quiz / "reports" / "quiz" / "study.json")


def run_of(published, label):
    return next(r for r in published.study.records if r.identity.label == label)


def row_of(published, label):
    return next(row for row in published.summary.rows if row.label == label)


def test_every_way_has_a_result(published):
    assert {r.status.state for r in published.study.records} == {"ok"}


def test_what_was_found_stands_before_and_after_it_was_put_in_order(published):
    plain, found = run_of(published, "rag").retrieval, run_of(published, "reranked").retrieval
    assert plain.rerank is None
    assert found.rerank.depth == 20
    assert (found.rerank.recall, found.rerank.mrr) == (plain.recall, plain.mrr)
    # Random weights put what was first elsewhere.
    assert found.mrr < plain.mrr == 1.0
    assert "rerank" in run_of(published, "reranked").latency.phases_ms
    assert "rerank" not in run_of(published, "rag").latency.phases_ms


def test_a_ceiling_is_no_choice(quiz, published):
    gold = row_of(published, "gold")
    assert gold.standing == "ceiling"
    assert not gold.pareto
    assert run_of(published, "gold").retrieval.recall[1] == 1.0
    names = {rival.name for rival in published.verdict.rivals}
    assert gold.name not in {published.verdict.best, published.verdict.highest, *names}
    text = (quiz / "reports" / "quiz" / "report.md").read_text()
    assert "no choice but a ceiling: gold (dec)" in text
    run = run_of(published, "gold").identity.run_id
    refused(harness("baseline", "approve", run, "--suite", "quiz", "--suites", quiz, "--runs",
                    quiz / "runs", HARNESS_CACHE=str(quiz / "cache")), "is a ceiling", "searches")


def test_validation_chooses_among_searches(quiz, published):
    record = run_of(published, "chosen")
    tried = [(trial.setting["k"], trial.setting["search"]) for trial in record.trials]
    assert tried == [(3, "dense"), (3, "bm25"), (1, "dense")]
    assert record.retrieval.index == ("bm25" if record.setting["search"] == "bm25" else "flat")
    said = ask(quiz, "reproduce", record.identity.run_id)
    assert said.code == 0, said.all


def test_validation_chooses_among_chunks_searches_and_rerankers(quiz, published):
    record = run_of(published, "grid")
    short = "chunks of 8 words, 3 shared"
    assert [(trial.setting["k"], trial.setting["search"]) for trial in record.trials] == [
        (3, f"bm25, {short}"), (3, f"hybrid, {short}"), (1, f"bm25, {short}"),
        (3, "bm25, the first 4 reranked"), (1, f"hybrid, {short}"), (5, f"bm25, {short}")]
    chosen = record.setting["search"]
    assert record.retrieval.chunk.words == (8 if short in chosen else 12)
    assert (record.retrieval.rerank is not None) == ("reranked" in chosen)
    said = ask(quiz, "reproduce", record.identity.run_id)
    assert "the same bit for bit" in said.out


def test_passages_of_another_length_are_all_passages_of_the_corpus(published):
    """The rule looks at their content; documents of 24 words: 5 passages of 8 words with 3 shared,
    and 3 of 12 with 4."""
    plain, short = run_of(published, "rag").retrieval, run_of(published, "short").retrieval
    assert (plain.chunk.words, short.chunk.words, short.chunk.overlap) == (12, 8, 3)
    (cut,) = published.study.data.cuts
    assert short.indexed == cut.passages > plain.indexed == published.study.data.passages
    assert short.indexed_sha256 == cut.passages_sha256 != plain.indexed_sha256
    rule = next(rule for rule in published.rules if rule.name == "Same knowledge")
    assert rule.held


def test_a_report_has_what_validation_said_of_every_setting(quiz, published):
    rows = [row for row in grids.tried(published) if row.name == "grid (dec)"]
    assert len(rows) == 6
    assert [row.chosen for row in rows].count(True) == 1
    best = max(rows, key=lambda row: row.score)
    assert next(row for row in rows if row.chosen).score == best.score
    folder = quiz / "reports" / "quiz"
    line = "| grid (dec) | 3 found, bm25, chunks of 8 words, 3 shared | token F1 |"
    assert line in (folder / "report.md").read_text()
    assert "3 found, bm25, chunks of 8 words, 3 shared" in (folder / "index.html").read_text()


def test_a_model_that_learned_with_passages_answers_with_them(quiz, published):
    for label in ("raft", "raft-full"):
        record = run_of(published, label)
        assert record.retrieval.k == 2
        assert 60 < record.asked.added <= 120, "two passages stand before its first item"
    assert run_of(published, "raft-full").retrieval.rerank.depth == 50
    assert run_of(published, "raft").merge.reason is None


def test_the_same_answers_come_again(quiz, published):
    for label in ("raft", "reranked"):
        said = ask(quiz, "reproduce", run_of(published, label).identity.run_id)
        assert said.code == 0, said.all
        assert "the same bit for bit" in said.out


@pytest.mark.parametrize(("change", "words"), [
    (lambda s: s["backbones"]["dec"]["methods"].append(
        {"rag": {"rerank": {"by": "smal"}, "as": "x"}}), "there is no reranker 'smal'"),
    (lambda s: s["backbones"]["dec"]["methods"].append(
        {"rag": {"search": "bm25", "searches": ["dense"], "as": "x"}}), "leave one of the two out"),
    (lambda s: s["backbones"]["dec"]["methods"].append(
        {"rag": {"searches": ["dense", {"search": "dense"}], "as": "x"}}), "'dense' stands twice"),
    (lambda s: s["backbones"]["dec"]["methods"].append(
        {"rag": {"searches": [{"chunk": {"words": 8, "overlap": 8}}], "as": "x"}}),
     "overlap must be smaller than words"),
    (lambda s: s["backbones"]["dec"]["methods"].append(
        {"rag": {"searches": [{"rerank": {"by": "a"}}, {"search": "bm25", "rerank": {"by": "b"}}],
                 "as": "x"}}), "a method has one reranker"),
    (lambda s: s["backbones"]["dec"]["methods"].append(
        {"rag": {"search": "gold", "rerank": {"by": "small"}, "as": "x"}}), "nothing is searched"),
    (lambda s: s["rerankers"].update(small=dict(s["backbones"]["enc"]["source"])),
     "answers would be random"),
    (lambda s: s["backbones"]["dec"]["methods"].append({"lora": {"passages": {"k": 0}}}), "k"),
    (lambda s: s["task"].pop("corpus"), "there are no passages to search"),
])
def test_what_cannot_be_searched_is_refused(tmp_path, encoder_folder, decoder_folder,
                                            reranker_folder, change, words):
    write_quiz(tmp_path)
    suite = searched(quiz_dict(encoder_folder, decoder_folder), reranker_folder)
    change(suite)
    (tmp_path / "quiz.yaml").write_text(yaml.safe_dump(suite))
    refused(harness("plan", "quiz", "--suites", tmp_path), "quiz.yaml", words)
