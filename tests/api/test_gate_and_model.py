"""The gate, predictions and models by the Python API."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.metrics import get_scorer
from tiny import sentences

import harness
from harness.commands.model import Model
from harness.common.errors import HarnessError

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def places(place):
    return {"suites": place.folder, "runs": place.runs}


@pytest.fixture
def items(place):
    return place.plan.task.splits.test[:12]


@pytest.fixture
def texts(items):
    return [item.text for item in items]


def test_a_model_is_gated_as_by_the_command(place, places, tmp_path):
    approved = harness.approve(place.run_id("tfidf"), note="why", baselines=tmp_path, **places)
    assert approved.path == tmp_path / "tiny.json"
    assert harness.baseline("tiny", baselines=tmp_path).to_pandas()["note"].tolist() == ["why"]
    there = {"suite": "tiny", "baselines": tmp_path, "output": tmp_path / "out", **places}
    good = harness.gate(place.run_id("tfidf"), **there)
    bad = harness.gate(place.run_id("majority"), **there)
    assert (good.outcome, bad.outcome) == ("passed", "failed")
    assert (tmp_path / "out" / "gate.json").exists()
    assert set(bad.to_pandas()["rule"]) == {check.rule for check in bad.result.checks}
    assert bad.plot().data
    assert "Failed: majority" in bad._repr_html_()
    assert "Failed: majority" in bad.verdict


def test_predictions_are_those_of_the_command_s_file(place, places, texts, tmp_path):
    run_id = place.run_id("features", "enc")
    kept = place.store.predictions(run_id).to_pandas()[:12]
    found = harness.predict(run_id, texts, suite="tiny", **places)
    assert found.path is None
    frame = found.to_pandas()
    classes = [name for name in kept if name.startswith("p:")]
    np.testing.assert_allclose(frame[classes], kept[classes], atol=1e-6)
    assert frame["item"].tolist() == kept["item"].tolist()
    again = harness.predict(run_id, pd.DataFrame({"words": texts}), suite="tiny", text="words",
                            output=tmp_path / "answers.parquet", **places)
    pd.testing.assert_frame_equal(again.to_pandas(), frame)
    assert again.path == tmp_path / "answers.parquet"


def test_a_run_is_a_classifier(place, places, items, texts):
    model = harness.load(place.run_id("features", "enc"), **places)
    assert list(model.classes_) == list(place.plan.task.labels)
    frame = harness.predict(place.run_id("features", "enc"), texts, suite="tiny",
                            **places).to_pandas()
    shares = model.predict_proba(texts)
    assert shares.dtype == np.float64
    np.testing.assert_array_equal(shares, frame.filter(like="p:").to_numpy())
    np.testing.assert_array_equal(model.predict(np.array(texts)), frame["prediction"])
    np.testing.assert_array_equal(model.predict(pd.Series(texts)), frame["prediction"])
    assert is_classifier(model)
    assert clone(model) is model
    right = [model.classes_[item.label] for item in items]
    assert get_scorer("accuracy")(model, texts, right) == (frame["prediction"] == right).mean()
    loss = -np.log(shares[np.arange(len(items)), [item.label for item in items]]).mean()
    assert get_scorer("neg_log_loss")(model, texts, right) == pytest.approx(-loss)
    assert model.predict_proba([]).shape == (0, 3)
    with pytest.raises(HarnessError, match="fitted already"):
        model.fit(texts, right)
    with pytest.raises(HarnessError, match="a single text"):
        model.predict("a pear")
    with pytest.raises(HarnessError, match="text 1 is neither a text nor two"):
        model.predict(["a pear", None])


class Answers:
    """Says what it was made with."""

    def __init__(self, said):
        self.said = np.array(said)

    def predict(self, items, clock):
        return self.said[:len(items)]


def test_several_classes_are_an_indicator():
    model = Model("m", "multilabel", ("a", "b"), Answers([[0.9, 0.6], [0.2, 0.5]]))
    assert model.predict(["x", "y"]).tolist() == [[True, True], [False, False]]
    assert model.predict_proba(["x", "y"]).tolist() == [[0.9, 0.6], [0.2, 0.5]]


def test_words_have_no_probabilities():
    model = Model("m", "generation", (), Answers(["one", "two"]))
    assert model.predict(["x", "y"]).tolist() == ["one", "two"]
    with pytest.raises(HarnessError, match="answered in words"):
        model.predict_proba(["x"])


def test_what_is_not_finite_is_no_answer():
    model = Model("m", "classification", ("a", "b"), Answers([[0.5, 0.5], [np.nan, 0.5]]))
    assert np.isnan(model.predict_proba(["x", "y"])).tolist() == [[False, False], [True, True]]
    assert model.predict(["x"]).tolist() == ["a"]
    with pytest.raises(HarnessError, match="no answer to text 1"):
        model.predict(["x", "y"])


def test_a_model_shows_its_classes_escaped():
    model = Model(EVIL, "classification", (EVIL, "b"), Answers([]))
    for html in (model._repr_html_(), model._repr_mimebundle_()["text/html"]):
        assert "<script" not in html
        assert html.count("&lt;script&gt;") == 2


def test_no_suite_is_guessed_for_a_folder(places, tmp_path):
    with pytest.raises(HarnessError, match="no suite is named"):
        harness.load(tmp_path, **places)


def test_names_of_classes_are_a_mapping_or_words(place, places, encoder_folder, tmp_path):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    labels = place.plan.task.labels
    AutoModelForSequenceClassification.from_pretrained(
        encoder_folder, num_labels=len(labels)).save_pretrained(tmp_path / "model")
    AutoTokenizer.from_pretrained(encoder_folder).save_pretrained(tmp_path / "model")
    texts = sentences(6)["text"].tolist()
    said = {f"LABEL_{i}": name for i, name in enumerate(labels)}
    words = [f"{model}={name}" for model, name in said.items()]
    found = [harness.load(tmp_path / "model", suite="tiny", label=names, **places)
             .predict_proba(texts) for names in (said, words)]
    np.testing.assert_array_equal(*found)
