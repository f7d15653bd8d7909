"""A study of summaries: answers of several lines, decided by ROUGE-L, without a corpus."""

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from command_line import harness
from summed_up import articles, summaries_dict

from benchmarks.headers import header
from harness.report.published import read_published


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp("summaries")
    articles("Rain fell on {}.\n\nIt was day {}.").to_csv(folder / "data.csv", index=False)
    (folder / "summaries.yaml").write_text(yaml.safe_dump(
        summaries_dict(encoder_folder, decoder_folder)))
    said = harness("run", "summaries", "--suites", folder, "--runs", folder / "runs", "--reports",
                   folder / "reports", HARNESS_CACHE=str(folder / "cache"))
    assert said.code == 0, said.all
    assert "lead, seed 0: ROUGE-L 0." in said.all
    return folder


@pytest.fixture(scope="module")
def published(folder):
    return read_published(folder / "reports" / "summaries" / "study.json")


@pytest.fixture(scope="module")
def answers(folder, published):
    """By method, a frame of what the first seed answered."""
    return {record.identity.label: pq.read_table(
        folder / "runs" / "summaries" / record.identity.run_id / "predictions.parquet").to_pandas()
        .set_index("item") for record in published.study.records}


def test_every_method_answers_and_the_floors_what_they_are_to(published, answers):
    assert {r.status.state for r in published.study.records} == {"ok"}
    assert set(answers) == {"majority", "lead", "knn", "zero-shot", "rag", "lora"}
    lead, knn = answers["lead"], answers["knn"]
    assert lead["answer"].str.fullmatch(r"Number \d+ of many\.( It rained in town .*)?").all()
    assert (lead["m:copied"] == 1).all()
    assert knn["answer"].str.fullmatch(r"Rain fell on \d+\.\nIt was day \d+\.").all()
    assert (knn["m:words"] == 8).all()


def test_nearest_examples_stand_in_the_prompt(published):
    rag = next(r for r in published.study.records if r.identity.label == "rag")
    assert rag.asked.added > 20, "some examples, of 20 tokens and more each"
    assert rag.retrieval.indexed == 24


def test_disagreements_are_told_by_the_deciding_metric(published, answers):
    found = published.disagreements
    assert {item.right for item in found} == {None}
    scores = {label: frame["m:rouge_l"] for label, frame in answers.items()}
    apart = [np.std([scores[label][item.item] for label in scores])
             for item in found]
    assert apart == sorted(apart, reverse=True)


def test_rouge_2_and_what_is_copied_stand_beside(folder, published):
    text = (folder / "reports" / "summaries" / "report.md").read_text()
    assert "| ROUGE-L | 95% interval | against the best | ROUGE-2 | copied word pairs |" in text
    assert "ROUGE-2 and copied word pairs on all test items" in " ".join(
        header(published, published.study.profile))
    page = (folder / "reports" / "summaries" / "index.html").read_text()
    assert "McNemar" not in page
    assert 'class="bad">Number' not in page
    assert {f.check for f in published.study.findings}.isdisjoint({"power", "answers"})
