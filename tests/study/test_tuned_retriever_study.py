"""A retriever is tuned, others find by it, and each run is again what it was."""

import shutil

import pyarrow.parquet as pq
import pytest
import yaml
from command_line import ask, harness, refused
from quiz import quiz_dict, write_quiz
from safetensors.torch import load_file

from harness.backbones.encoding.learned import FILE
from harness.methods import register_all
from harness.methods.method import METHODS
from harness.report.published import read_published
from harness.study.store import Store

register_all()


@pytest.fixture(scope="module")
def quiz(tmp_path_factory, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp("tuned")
    write_quiz(folder)
    suite = tuned(quiz_dict(encoder_folder, decoder_folder))
    (folder / "quiz.yaml").write_text(yaml.safe_dump(suite))
    said = ask(folder, "run", "quiz")
    assert said.code == 0, said.all
    return folder


def tuned(suite):
    suite["methods"] = ["majority", {"retriever": {"learning_rates": [1e-3, 3e-3], "as": "tuned"}}]
    suite["backbones"]["enc"]["methods"] = ["knn", {"knn": {"retriever": "tuned", "as": "knn-t"}}]
    suite["backbones"]["dec"]["methods"] = [
        # Listed before what it stands on, which stands on the retriever itself.
        {"rag+raft-t": {"tokens": 120, "retriever": "tuned", "as": "over"}},
        "lora", {"rag": {"tokens": 120}},
        {"lora": {"passages": {"k": 2, "tokens": 120, "retriever": "tuned"}, "as": "raft-t"}},
        {"rag": {"tokens": 120, "retriever": "tuned", "as": "rag-t"}},
        {"rag+lora": {"tokens": 120, "search": "hybrid", "retriever": "tuned", "as": "both"}}]
    suite["budget"] |= {"trials": 2}
    return suite


@pytest.fixture(scope="module")
def published(quiz):
    return read_published(quiz / "reports" / "quiz" / "study.json")


def run_of(published, label):
    return next(r for r in published.study.records if r.identity.label == label)


def test_every_way_has_a_result(published):
    assert {r.status.state for r in published.study.records} == {"ok"}


def test_it_is_chosen_by_what_it_finds(published):
    record = run_of(published, "tuned")
    assert record.ending.chosen_by == "mrr"
    assert [trial.setting["learning_rate"] for trial in record.trials] == [1e-3, 3e-3]
    assert all(0 < trial.score <= 1 for trial in record.trials)
    assert record.size.trainable_parameters > 10_000
    # No arm is unlike the others for it.
    assert {mark for row in published.conditions for mark in row.marks}.isdisjoint({"chosen"})


def test_what_was_found_stands_before_and_after_tuning(published):
    plain, found = run_of(published, "rag").retrieval, run_of(published, "rag-t").retrieval
    assert plain.untuned is None
    assert (found.untuned.recall, found.untuned.mrr) == (plain.recall, plain.mrr)
    raft = run_of(published, "raft-t").retrieval
    assert (raft.mrr, raft.untuned.mrr) == (found.mrr, plain.mrr)
    alone = run_of(published, "tuned").retrieval
    assert (alone.recall, alone.mrr) == (found.recall, found.mrr) != (plain.recall, plain.mrr)
    assert alone.indexed_sha256 == plain.indexed_sha256


def test_what_stands_on_it_bears_its_cost(published):
    below = run_of(published, "tuned").cost
    for label in ("rag-t", "both", "knn-t", "raft-t", "over"):
        cost = run_of(published, label).cost
        assert cost.stand_alone_seconds > below.stand_alone_seconds
        assert cost.training_flops >= below.training_flops > 0
        assert cost.peak_memory_bytes >= below.peak_memory_bytes
    assert run_of(published, "rag-t").size.trainable_parameters == (
        run_of(published, "tuned").size.trainable_parameters)


def test_a_cost_that_is_in_what_is_below_is_counted_once(published):
    """`over` finds by the retriever whose cost `raft-t` has."""
    tuned, raft, over = (run_of(published, label) for label in ("tuned", "raft-t", "over"))
    assert over.cost.training_flops == raft.cost.training_flops > tuned.cost.training_flops
    assert over.size.trainable_parameters == raft.size.trainable_parameters
    plain = run_of(published, "lora").size.trainable_parameters
    assert raft.size.trainable_parameters == plain + tuned.size.trainable_parameters


def test_one_retriever_is_tuned_for_all_that_find_by_it(published):
    runs = [r for r in published.study.records if r.identity.method == "retriever"]
    assert len(runs) == 1
    stand = {r.identity.label for r in published.study.records
             if r.identity.retriever == runs[0].identity.run_id}
    assert stand == {"rag-t", "both", "knn-t", "raft-t", "over"}


def test_each_holds_the_weights_that_were_learned(quiz, published):
    store = Store(quiz / "runs" / "quiz")
    kept = [load_file(store.artifact(run_of(published, label).identity.run_id) / FILE)
            for label in ("tuned", "rag-t", "both", "knn-t", "raft-t", "over")]
    for other in kept[1:]:
        assert other.keys() == kept[0].keys()
        assert all((other[name] == kept[0][name]).all() for name in other)


@pytest.mark.parametrize("label", ["tuned", "rag-t", "both", "knn-t", "raft-t"])
def test_the_same_answers_come_again(quiz, published, label):
    said = ask(quiz, "reproduce", run_of(published, label).identity.run_id)
    assert said.code == 0, said.all
    assert "the same bit for bit" in said.out


@pytest.mark.parametrize("label", ["rag-t", "raft-t"])
def test_what_it_saved_answers_by_itself(quiz, published, label, tmp_path):
    """The run that tuned the embedder may be gone."""
    store = Store(quiz / "runs" / "quiz")
    record = run_of(published, label)
    apart = tmp_path / "apart"
    shutil.copytree(quiz / "runs", apart)
    shutil.rmtree(Store(apart / "quiz").path(record.identity.retriever))
    rows = quiz / "asked.csv"
    rows.write_text("question\nWhat is the bird of Whitby?\nWhat is the dish of Elmdale?\n")
    answers = []
    for runs in (store.folder, apart / "quiz"):
        said = harness("predict", record.identity.run_id, "--suite", "quiz", "--suites", quiz,
                       "--runs", runs.parent, "--input", rows, "--text", "question",
                       "--output", quiz / "out.parquet",
                       HARNESS_CACHE=str(quiz / "cache"))
        assert said.code == 0, said.all
        answers.append(pq.read_table(quiz / "out.parquet").to_pylist())
    assert answers[0] == answers[1]
    assert len(answers[0]) == 2


@pytest.mark.parametrize(("change", "words"), [
    (lambda s: s["backbones"]["dec"]["methods"].append(
        {"rag": {"retriever": "tund", "as": "x"}}),
     ("there is no retriever 'tund'", "Did you mean 'tuned'")),
    (lambda s: s["backbones"]["dec"]["methods"].append(
        {"lora": {"passages": {"retriever": "tund"}, "as": "x"}}),
     ("there is no retriever 'tund'", "Did you mean 'tuned'")),
    (lambda s: s["backbones"]["dec"]["methods"].append(
        {"lora": {"passages": {"retriever": "tuned", "search": "gold"}, "as": "x"}}),
     ("no vectors",)),
    (lambda s: s["backbones"]["dec"]["methods"].append(
        {"rag": {"retriever": "majority", "as": "x"}}), ("there is no retriever 'majority'",)),
    (lambda s: s["backbones"]["dec"]["methods"].append(
        {"rag": {"retriever": "tuned", "search": "bm25", "as": "x"}}), ("no vectors",)),
    (lambda s: s["backbones"]["enc"]["source"].update(file="data"), ("which is another model",)),
    (lambda s: s["task"].pop("corpus"), ("the task has no `corpus`",)),
    (lambda s: s.pop("embedder"), ("embedder",)),
], ids=["misspelt", "passages misspelt", "passages without vectors", "no retriever",
        "no vectors", "another model", "no corpus", "no embedder"])
def test_what_makes_no_sense_is_said_before_anything_runs(quiz, tmp_path, change, words):
    suite = yaml.safe_load((quiz / "quiz.yaml").read_text())
    change(suite)
    (tmp_path / "quiz.yaml").write_text(yaml.safe_dump(suite))
    refused(harness("plan", "quiz", "--suites", tmp_path), *words)


def test_plan_and_reports_say_who_finds_by_it(quiz):
    said = harness("plan", "quiz", "--suites", quiz, "--runs", quiz / "runs",
                   HARNESS_CACHE=str(quiz / "cache"))
    assert said.code == 0, said.all
    lines = " ".join(said.out.split())
    assert ("tuned tunes, once a seed, the embedder of raft-t (dec), rag-t (dec), knn-t (enc), "
            "over (dec), both (dec): its cost is in that of each") in lines
    text = (quiz / "reports" / "quiz" / "report.md").read_text()
    assert "raft-t (dec): 40 passages, flat, by the embedder of tuned; recall" in text
    assert "whose cost is in this one's" in (
        quiz / "reports" / "quiz" / "index.html").read_text()


def test_what_a_plan_times_needs_no_tuned_embedder():
    """As it would be by the embedder as it came; its readings are of the tuned one."""
    method = METHODS["lora"]({"r": 4, "passages": {"retriever": "tuned", "k": 2}})
    alone = method.by_itself()
    assert (method.retriever, alone.retriever) == ("tuned", None)
    assert alone.described() == METHODS["lora"]({"r": 4, "passages": {"k": 2}}).described()
