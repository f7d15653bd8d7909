"""From a user's own texts and summaries to a suite."""

import dataclasses

import pytest
import yaml
from command_line import harness, refused
from summed_up import articles
from test_init import PLAIN, start, write

from harness.check.answers import check_form
from harness.common.errors import HarnessError
from harness.methods.resolve import resolve
from harness.suite import load_suite
from harness.tasks.describe_answers import MOST_TOKENS, tokens_of
from harness.tasks.task import load_task

SUMMARIES = dataclasses.replace(PLAIN, text="article", label=None, answers="summary")


def begun(tmp_path, frame, columns=SUMMARIES):
    return start(tmp_path, write(frame, tmp_path / "data.csv"), columns)


def test_summaries_become_a_task_that_is_answered_in_words(tmp_path):
    loaded, task, said = begun(tmp_path, articles(), dataclasses.replace(SUMMARIES, group="desk"))
    suite = loaded.suite
    assert (suite.task.kind, suite.decide.metric) == ("generation", "rouge_l")
    assert list(suite.gate.metrics) == ["rouge_l"]
    assert suite.task.answer_lines == task.answer_lines == "one"
    assert suite.task.prompt.instruction == "Answer in about 14 words."
    assert {e.group for e in task.splits.test} <= {f"d{i}" for i in range(20)}
    assert "answers are words: 14 in the median" in said
    assert "without a label" not in said
    for profile in ("smoke", "quick", "standard"):
        found = {entry.label for entry in resolve(load_suite(loaded.source.path, profile))}
        assert {"majority", "lead", "knn", "zero-shot", "rag"} <= found


def test_few_words_are_decided_by_token_f1_and_have_no_lead(tmp_path):
    loaded, _, _ = begun(tmp_path, articles("town {}"))
    assert loaded.suite.decide.metric == "token_f1"
    assert {choice.name for choice in loaded.suite.methods} == {"majority"}


def test_answers_of_several_lines_are_read_whole(tmp_path):
    frame = articles("- Rain fell on {} towns.\n\n-  It was day {}.")
    loaded, task, said = begun(tmp_path, frame)
    assert loaded.suite.task.answer_lines == "all"
    assert "on several lines" in said
    assert {e.references[0].count("\n") for e in task.splits.test} == {1}
    assert {e.references[0].splitlines()[1][:10] for e in task.splits.test} == {"- It was d"}
    path = loaded.source.path
    path.write_text(path.read_text().replace("answer_lines: all", "answer_lines: one"))
    joined = load_task(load_suite(path))
    assert all("\n" not in e.references[0] for e in joined.splits.test)
    assert joined.sha256 != task.sha256
    assert not [f for f in check_form(task, task.facts, task.splits) if "lines" in f.found]
    (finding,) = check_form(joined, joined.facts, joined.splits)
    assert (finding.severity, finding.count) == ("warning", 60)
    assert "answer_lines: all" in finding.suggestion


def test_one_line_is_as_if_nothing_were_said(tmp_path):
    loaded, task, _ = begun(tmp_path, articles())
    path = loaded.source.path
    assert "answer_lines" not in path.read_text()
    path.write_text(path.read_text().replace(
        "  answer_tokens", "  answer_lines: one\n  answer_tokens"))
    assert load_task(load_suite(path)).sha256 == task.sha256


def test_tokens_are_those_that_nearly_all_answers_take(tmp_path):
    frame = articles()
    frame.loc[0, "summary"] = "word " * 5000
    loaded, task, _ = begun(tmp_path, frame)
    usual = articles()["summary"].map(tokens_of)
    assert usual.median() <= loaded.suite.task.answer_tokens <= usual.max() + 1
    short = dataclasses.replace(task, answer_tokens=12)
    (finding,) = check_form(short, short.facts, short.splits)
    assert "more words than the 12 tokens" in finding.found
    frame["summary"] = "word " * 5000
    (tmp_path / "long").mkdir()
    assert begun(tmp_path / "long", frame)[0].suite.task.answer_tokens == MOST_TOKENS


@pytest.mark.parametrize(("text", "least", "most"), [
    # Tokens that SmolLM2's tokenizer, which was made for English, makes of them.
    ("Премьер-министр ушёл в отставку после многочисленных протестов в столице, сообщили в среду "
     "власти.", 73, 150), ("总理今天在北京宣布辞职，结束了长达五年的任期。", 42, 84),
    ("Le président a annoncé mercredi sa démission à l'Assemblée.", 23, 46),
    ("Der Ministerpräsident ist am Mittwoch überraschend zurückgetreten, teilte die Regierung in "
     "München mit.", 38, 78)])
def test_other_scripts_take_more_tokens_a_word(text, least, most):
    assert least <= tokens_of(text) <= most


@pytest.mark.parametrize(("columns", "found"), [
    ({"label": "desk"}, "--label beside --answers"), ({"pair": "desk"}, "--pair beside --answers"),
    ({"split": "desk"}, "--split-column beside --answers"),
    ({"separator": ";"}, "--separator beside --answers"),
    ({"numbers": True}, "--numbers beside --answers"), ({"text": None}, "which column holds"),
    ({"answers": "nothing"}, "nothing")])
def test_what_has_no_part_in_answers_is_refused(tmp_path, columns, found):
    with pytest.raises(HarnessError, match=found):
        begun(tmp_path, articles(), dataclasses.replace(SUMMARIES, **columns))
    assert not (tmp_path / "suites" / "mine.yaml").exists()


def test_rows_without_an_answer_are_no_data(tmp_path):
    with pytest.raises(HarnessError, match="no row has a text in 'article' and an answer"):
        begun(tmp_path, articles().assign(summary=" "))


def test_given_splits_are_refused(tmp_path):
    path = write(articles(), tmp_path / "data.csv")
    (tmp_path / "suites").mkdir()
    refused(harness("init", "mine", "--data", path, "--test", path, "--text", "article",
                    "--answers", "summary", "--suites", tmp_path / "suites"),
            "split by the harness")


def test_lines_of_an_answer_are_of_tasks_in_words_alone(suite_file):
    suite = yaml.safe_load(suite_file.read_text())
    suite["task"]["answer_lines"] = "all"
    suite_file.write_text(yaml.safe_dump(suite))
    with pytest.raises(HarnessError, match="only a task of kind generation has lines"):
        load_suite(suite_file)
