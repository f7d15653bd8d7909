"""Every kind of task, answered by an endpoint that knows what is right and says it in words."""

import json
import re

import pyarrow.parquet as pq
import pytest
import yaml
from command_line import harness
from rated import WORTH, rated, rated_dict
from served import completion, question, serving
from spanned import PHRASES, spanned, spanned_dict
from tagged import tagged, tagged_dict
from tiny import WORDS

from harness.report.published import read_published


def item_in(asked):
    return asked[asked.rindex("Text: "):].splitlines()[0].removeprefix("Text: ")


def says_yes_or_no(body):
    """`Text: …\\nAnswer: CLASS:`, with a schema of yes and no."""
    asked = question(body)
    label = asked.rsplit("Answer: ", 1)[1].rstrip(":")
    enum = body["response_format"]["json_schema"]["schema"]["properties"]["answer"]["enum"]
    assert enum == ["yes", "no"]
    if " n13" in asked and label == "fruit":
        return completion("perhaps")
    has = any(word in item_in(asked).split() for word in WORDS[label])
    return completion(json.dumps({"answer": "yes" if has else "no"}))


def rates(body):
    item = item_in(question(body))
    if " n2" in item:
        return completion("hard to say")
    return completion(f"{20 + sum(WORTH.get(word, 0.0) for word in item.split()):.1f}\nbecause")


def lists_phrases(body):
    item = item_in(question(body))
    labels = {phrase: label for label, phrases in PHRASES.items() for phrase in phrases}
    found = re.finditer("|".join(labels), item)
    said = [f"{labels[phrase[0]]}: {phrase[0]}" for phrase in found]
    return completion(" | ".join(said) if said else "None.")


def study(folder, rows, suite, answer, methods):
    rows.to_csv(folder / "data.csv", index=False)
    with serving(answer) as server:
        suite |= {"sends_data": True, "methods": ["majority"]}
        suite["backbones"] = {"big": {"endpoint": server.address, "model": "huge",
                                      "methods": methods}}
        suite["budget"] |= {"seeds": 1, "trials": 1}
        (folder / "tiny.yaml").write_text(yaml.safe_dump(suite))
        plan = harness("plan", "tiny", "--suites", folder, "--runs", folder / "runs",
                       HARNESS_CACHE=str(folder / "cache"))
        assert plan.code == 0, plan.all
        said = harness("run", "tiny", "--suites", folder, "--runs", folder / "runs", "--reports",
                       folder / "reports", HARNESS_CACHE=str(folder / "cache"))
    assert said.code == 0, said.all
    published = read_published(folder / "reports" / "tiny" / "study.json")
    by = {r.identity.label: r for r in published.study.records}
    return by, server, plan


@pytest.fixture
def weights(encoder_folder, decoder_folder):
    return encoder_folder, decoder_folder


def test_each_of_several_classes_is_a_question(tmp_path, weights):
    by, server, plan = study(tmp_path, tagged(), tagged_dict(*weights), says_yes_or_no,
                             ["zero-shot", "few-shot", "rag"])
    zero = by["zero-shot"]
    assert zero.usage.requests == 3 * zero.usage.items
    table = pq.read_table(tmp_path / "runs" / "tiny" / zero.identity.run_id
                          / "predictions.parquet").to_pylist()
    unread = [row for row in table if row["answer"] is None]
    assert len(unread) == zero.multilabel.unread
    assert all(sorted(json.loads(row["answer"])) == sorted(json.loads(row["target"]))
               for row in table if row["answer"] is not None)
    wrong = sum(json.loads(row["target"]) != [] for row in unread)
    assert zero.multilabel.subset_accuracy == pytest.approx(1 - wrong / len(table))
    assert zero.multilabel.ranking_precision is None
    assert not unread or f"from {len(unread)} of" in " ".join(zero.notes)
    # Worked examples are asked about, and answered for, the same class.
    several = next(body for body in server.asked if len(body["messages"]) > 1)
    label = question(several).rsplit("Answer: ", 1)[1]
    for asked, answered in zip(several["messages"][:-1:2], several["messages"][1::2], strict=True):
        assert asked["content"].endswith(label)
        has = any(word in item_in(asked["content"]).split() for word in WORDS[label.rstrip(":")])
        assert answered["content"] == ("yes" if has else "no")
    assert "requests" in plan.out


def test_numbers_are_read_from_what_is_written(tmp_path, weights):
    by, server, _ = study(tmp_path, rated(), rated_dict(*weights), rates, ["zero-shot", "few-shot"])
    zero = by["zero-shot"]
    assert zero.regression.r2 > 0.6
    assert all("response_format" not in body for body in server.asked)
    table = pq.read_table(tmp_path / "runs" / "tiny" / zero.identity.run_id
                          / "predictions.parquet")
    assert zero.regression.unread == sum(table["unread"].to_pylist())


def test_spans_are_read_from_what_is_written(tmp_path, weights):
    by, _, _ = study(tmp_path, spanned(), spanned_dict(*weights), lists_phrases,
                     ["zero-shot", "few-shot"])
    assert by["zero-shot"].spans.micro_f1 == 1.0
