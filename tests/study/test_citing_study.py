"""A study of answers that name their passage, by an endpoint that reads its prompt; figures are
counted anew from the prompts that it saw."""

import re

import pyarrow.parquet as pq
import pytest
import yaml
from command_line import harness
from quiz import documents, questions, quiz_dict, write_quiz
from served import completion, question, serving

from harness.report.published import read_published

NUMBERED = re.compile(r"\[(\d)\] (.*)")
RIGHT = {row["question"]: row["answer"] if isinstance(row["answer"], str) else row["answer"][0]
         for row in questions()}


def asked_of(body):
    text = question(body)
    return re.search(r"Question: (.*)", text)[1].strip(), dict(NUMBERED.findall(text))


def said(asked, passages):
    """Of a river nothing is named, of a bird a number that is not there, of a dish the first."""
    right = RIGHT[asked]
    holds = next((n for n, text in passages.items() if right in text), "1")
    ends = {"river": "", "bird": " [8]", "dish": " [1]"}
    thing = next((thing for thing in ends if f"the {thing} of" in asked), None)
    return right + ends.get(thing, f" [{holds}]")


@pytest.fixture(scope="module")
def studied(tmp_path_factory, encoder_folder, decoder_folder):
    folder, seen = tmp_path_factory.mktemp("citing"), {}

    def answer(body):
        asked, passages = asked_of(body)
        seen[asked] = passages
        return completion(said(asked, passages))

    write_quiz(folder)
    suite = quiz_dict(encoder_folder, decoder_folder)
    del suite["task"]["corpus"]["new"]
    with serving(answer) as server:
        suite |= {"sends_data": True, "methods": ["majority"]}
        suite["backbones"] = {"big": {
            "endpoint": server.address, "model": "huge", "methods": [
                {"rag": {"search": "bm25", "tokens": 300, "cite": True}}]}}
        suite["budget"] |= {"seeds": 1, "trials": 1}
        (folder / "quiz.yaml").write_text(yaml.safe_dump(suite))
        done = harness("run", folder / "quiz.yaml", "--runs", folder / "runs", "--reports",
                       folder / "reports", "--no-wandb", HARNESS_CACHE=str(folder / "cache"))
    assert done.code == 0, done.all
    published = read_published(folder / "reports" / "quiz" / "study.json")
    record = next(r for r in published.study.records if r.identity.label == "rag")
    table = pq.read_table(folder / "runs" / "quiz" / record.identity.run_id
                          / "predictions.parquet").to_pandas()
    return folder, record, table, seen


def test_citations_are_no_part_of_answers(studied):
    _, record, table, _ = studied
    assert record.generation.exact_match == 1.0
    assert not table["answer"].str.contains("[", regex=False).any()


def test_figures_are_those_counted_from_the_prompts(studied):
    _, record, table, seen = studied
    whole = documents()
    cited = held = gold = 0
    own = {right: asked for asked, right in RIGHT.items()}
    for target, number in zip(table["target"], table["cited"], strict=True):
        asked = own[target]
        text = seen[asked].get("" if number != number else str(int(number)))
        if text is None:
            continue
        place = asked.rsplit(" of ", 1)[1].rstrip("?")
        cited += 1
        held += target.lower() in text.lower()
        gold += text.strip() in whole[place]
    found = record.citations
    assert found.answers == len(table)
    assert 0 < cited < len(table)
    assert found.cited == pytest.approx(cited / len(table))
    assert found.held == pytest.approx(held / cited)
    assert found.gold == pytest.approx(gold / cited)
    assert found.questions == cited


def test_reports_say_so(studied):
    folder, record, _, _ = studied
    text = f"answers name a passage for {record.citations.cited:.3f} of {record.citations.answers}"
    assert text in (folder / "reports" / "quiz" / "report.md").read_text()
    assert text in (folder / "reports" / "quiz" / "index.html").read_text()
