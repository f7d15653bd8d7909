"""A study whose mean is over items alike, though a budget draws over groups: drawn, weighted,
chosen by and reported."""

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from command_line import ask
from sklearn.metrics import accuracy_score, f1_score
from tiny import sentences, suite_dict

from harness.report.published import read_published


@pytest.fixture(scope="module")
def study(tmp_path_factory, encoder_folder, decoder_folder):
    """Of 300 texts every third belongs to one of three large groups."""
    folder = tmp_path_factory.mktemp("weighted")
    table = sentences(300)
    table["group"] = [f"large{i % 9}" if i % 3 == 0 else f"g{i}" for i in range(len(table))]
    table.to_csv(folder / "data.csv", index=False)
    suite = suite_dict(encoder_folder, decoder_folder)
    suite["name"] = "weighted"
    suite["task"]["split"] = {"count": "items"}
    suite["budget"] |= {"train": 60, "validation": 20, "test": 30, "seeds": 1}
    suite["backbones"] = {"enc": suite["backbones"]["enc"]}
    (folder / "weighted.yaml").write_text(yaml.safe_dump(suite))
    said = ask(folder, "run", "weighted")
    assert said.code == 0, said.all
    return folder, said.all


@pytest.fixture(scope="module")
def published(study):
    return read_published(study[0] / "reports" / "weighted" / "study.json")


def test_every_method_has_a_result(published):
    assert {r.status.state for r in published.study.records} == {"ok"}
    assert published.study.data.over == "sizes"


def test_figures_are_weighted_and_are_scikit_learns(study, published):
    for record in published.study.records:
        table = pq.read_table(study[0] / "runs" / "weighted" / record.identity.run_id
                              / "predictions.parquet")
        weights = table["weight"].to_numpy()
        assert len(set(weights)) > 1
        labels = list(published.study.labels)
        p = np.column_stack([table[f"p:{label}"].to_numpy() for label in labels])
        actual = np.array([labels.index(t) for t in table["target"].to_pylist()])
        assert record.quality.accuracy == pytest.approx(
            accuracy_score(actual, p.argmax(axis=1), sample_weight=weights))
        assert record.quality.macro_f1 == pytest.approx(f1_score(
            actual, p.argmax(axis=1), labels=np.unique(actual), average="macro",
            sample_weight=weights, zero_division=0.0))


def test_weighted_items_are_worth_fewer_and_that_is_said(study, published):
    row = next(row for row in published.summary.rows if row.name == "tfidf")
    assert published.summary.common_items == 30
    assert published.summary.weighted is not None
    assert row.common["macro_f1"].groups < published.summary.groups <= 30
    ending = next(r.ending for r in published.study.records if r.identity.label == "full")
    assert ending.validation_items == 20
    assert 1 < ending.validation_worth < 20
    page = (study[0] / "reports" / "weighted" / "index.html").read_text()
    for shown in (page, (study[0] / "reports" / "weighted" / "report.md").read_text(), study[1]):
        assert "of equal weight" in shown
