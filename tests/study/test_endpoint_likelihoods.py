"""A study of endpoints that say how likely their tokens are, and of one that answers in pieces."""

import json
import zlib

import numpy as np
import pyarrow.parquet as pq
import pytest
from command_line import harness
from served import completion, question, serving, streamed, with_logprobs
from sklearn.metrics import log_loss, roc_auc_score
from tiny import WORDS, sentences, suite_dict

from harness.report.published import read_published


def likely(item):
    """How likely the server finds each class: the right one mostly, and by the item."""
    right = next(label for label, words in WORDS.items() if any(word in item for word in words))
    sure = 0.3 + 0.6 * (zlib.crc32(item.encode()) % 100) / 100
    return {label: sure if label == right else (1 - sure) / 2 for label in WORDS}


def answer(body):
    item = question(body)[question(body).rindex("Text: "):]
    shares = likely(item)
    said = max(shares, key=shares.get)
    text = json.dumps({"answer": said})
    if body.get("stream"):
        return streamed(text, pieces=3, pause=0.01)
    if "logprobs" not in body or (body["model"] == "half" and len(item) % 2):
        return completion(text)
    assert body["top_logprobs"] == 4
    metal = shares["metal"] + shares["metal alloy"]
    tokens = [('{"answer": "', {'{"answer": "': 1.0}),
              (said.split()[0], {"fruit": shares["fruit"], "metal": metal})]
    if said != "fruit":
        ends = {'"}': shares["metal"] / metal, " alloy": shares["metal alloy"] / metal}
        tokens += [('"}', ends)] if said == "metal" else [(" alloy", ends), ('"}', {'"}': 1.0})]
    else:
        tokens += [('"}', {'"}': 1.0})]
    return with_logprobs(completion(text), tokens)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp("likelihoods")
    with serving(answer) as server:
        suite = suite_dict(encoder_folder, decoder_folder)
        fields = {"endpoint": server.address, "methods": ["zero-shot"]}
        suite["backbones"] = {
            "sure": fields | {"model": "sure", "top_logprobs": 4},
            "half": fields | {"model": "half", "top_logprobs": 4},
            "pieces": fields | {"model": "pieces", "stream": True}}
        suite["budget"] |= {"seeds": 1}
        suite |= {"sends_data": True, "methods": ["majority"]}
        sentences().to_csv(folder / "data.csv", index=False)
        (folder / "tiny.yaml").write_text(json.dumps(suite))
        said = harness("run", folder / "tiny.yaml", "--runs", folder / "runs", "--reports",
                       folder / "reports", HARNESS_CACHE=str(folder / "cache"),
                       WANDB_MODE="offline")
    assert said.code == 0, said.all
    return folder


@pytest.fixture(scope="module")
def records(folder):
    published = read_published(folder / "reports" / "tiny" / "study.json")
    return {r.identity.backbone: r for r in published.study.records if r.identity.backbone}


def test_probabilities_are_the_server_s_and_figures_are_made_of_them(folder, records):
    record = records["sure"]
    table = pq.read_table(folder / "runs" / "tiny" / record.identity.run_id
                          / "predictions.parquet")
    labels = list(WORDS)
    said = np.column_stack([table[f"p:{label}"].to_numpy() for label in labels])
    assert np.allclose(said.sum(axis=1), 1.0)
    known = [np.array([likely(f"Text: {text}\nKind:")[label] for label in labels])
             for text in sentences()["text"]]
    # Where "fruit" was written, what "metal" begins is shared by two.
    evenly = [np.array([one[0], one[1:].mean(), one[1:].mean()]) for one in known]
    for row in said:
        assert min(np.abs(np.array(known + evenly) - row).max(axis=1)) < 1e-9
    right = table["target"].to_pylist()
    assert record.quality.roc_auc == pytest.approx(roc_auc_score(
        right, said, labels=labels, multi_class="ovr", average="macro"))
    assert record.quality.log_loss == pytest.approx(log_loss(right, said, labels=labels))
    assert record.quality.unread is None or record.quality.unread == 0
    assert record.usage.likelihoods.given == record.usage.requests == 18
    assert 0.0 < record.usage.likelihoods.unsplit < 0.5
    assert any("shared evenly" in note for note in record.notes)


def test_one_answer_without_them_leaves_the_method_without_probabilities(folder, records):
    record = records["half"]
    missing = record.usage.requests - record.usage.likelihoods.given
    assert 0 < missing < 18
    assert record.quality.roc_auc is None
    assert f"log-probabilities were asked for, and {missing} of 18 answers came without any that " \
           "can be read: there are no probabilities of classes" in record.notes
    assert record.quality.accuracy == records["pieces"].quality.accuracy


def test_the_first_token_is_timed_and_the_report_says_over_what(folder, records):
    first = records["pieces"].usage.first_token
    assert first.p50_ms > 0.0
    assert (first.p95_ms, first.p99_ms) == (None, None)  # of 18 answers
    assert records["sure"].usage.first_token is None
    page = (folder / "reports" / "tiny" / "index.html").read_text()
    for text in (page, (folder / "reports" / "tiny" / "report.md").read_text()):
        assert "Median time to the first token, the network in it, with as many requests under " \
               f"way as the suite allows: zero-shot (pieces) {first.p50_ms:,.0f} ms" in text
