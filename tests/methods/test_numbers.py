"""Methods that answer with numbers: their usual recipes, held against scikit-learn's."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from rated import rated, rated_dict
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.common.errors import CannotRunError, HarnessError
from harness.methods import register_all
from harness.methods.catalogue import catalogue
from harness.methods.job import Job
from harness.methods.learning.held_out import of_numbers
from harness.methods.learning.scale import PLAIN, output_layer, scale_of
from harness.methods.learning.trials import fit_once
from harness.methods.linear import FOR_NUMBERS, fit_linear, fit_standardised
from harness.methods.link import LINKS
from harness.methods.method import METHODS
from harness.methods.whole import load_model
from harness.study.outcome import outcome
from harness.suite import load_suite
from harness.targets.metrics import R2
from harness.tasks.examples import as_json, asked, from_json, targets_of
from harness.tasks.splits import Splits
from harness.tasks.task import load_task

register_all()
LINK = LINKS["regression"]


@pytest.fixture
def job(tmp_path, encoder_folder, decoder_folder, encoder, decoder, device):
    """Makes a job of ratings, on an encoder, a decoder or nothing."""
    import yaml

    rated(220).to_csv(tmp_path / "data.csv", index=False)
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(rated_dict(encoder_folder, decoder_folder)))
    loaded = load_suite(tmp_path / "r.yaml")
    task = load_task(loaded)

    def make(backbone, **budget):
        splits = task.splits.sample(80, 20, 40)
        values = {"epochs": 4, "steps": 1, "batch": 8, "max_length": 32, **budget}
        return Job(task=task.view, train=splits.train, validation=splits.validation,
                   budget=loaded.suite.budget.model_copy(update=values), seed=0, device=device,
                   clock=Clock(), store=FeatureStore(None), metric=R2,
                   backbone={"enc": encoder, "dec": decoder, None: None}[backbone]), splits.test
    return make


def numbers(examples):
    return targets_of(examples, 1)[:, 0]


def vectors(rng, items, width):
    """Vectors, and numbers of which they say half."""
    x = rng.normal(size=(items, width)) * rng.uniform(0.1, 10, width)
    said = x / x.std(axis=0) @ rng.normal(size=width)
    return x, 40 + said + said.std() * rng.normal(size=items)


def test_the_usual_strength_is_about_what_cross_validation_chooses():
    rng = np.random.default_rng(0)
    for width in (20, 200):
        x, y = vectors(rng, 400, width)
        head = fit_standardised(x[:200], y[:200, None], FOR_NUMBERS, LINK)
        scaler = StandardScaler().fit(x[:200])
        usual = RidgeCV(np.logspace(-2, 5, 29)).fit(scaler.transform(x[:200]), y[:200])
        ours, theirs = (r2_score(y[200:], found) for found in (
            head.predict(x[200:])[:, 0], usual.predict(scaler.transform(x[200:]))))
        assert ours > theirs - 0.03, width


def test_it_is_scikit_learns_ridge_whatever_the_unit_and_dense_or_sparse():
    rng = np.random.default_rng(1)
    x, y = vectors(rng, 50, 6)
    model = Ridge(alpha=float((x**2).sum()) / 50 / 0.5).fit(x, y)
    for unit in (1.0, 1000.0):
        for given in (x, csr_matrix(x)):
            found = fit_linear(given, unit * y[:, None], 0.5, LINK).predict(given)[:, 0]
            np.testing.assert_allclose(found, unit * model.predict(x), rtol=1e-3)


def test_floors_and_neighbours_answer_with_means(job):
    here, test = job(None)
    values = numbers(here.train)
    majority = fit_once(METHODS["majority"]({}), here, {}).fit.fitted
    np.testing.assert_allclose(majority.predict(asked(test), Clock())[:, 0], values.mean())
    for name, backbone in (("gzip", None), ("knn", "enc")):
        here, test = job(backbone)
        fitted = fit_once(METHODS[name]({}), here, {"k": 8}).fit.fitted
        answers = fitted.predict(asked(test), Clock())
        assert answers.shape == (len(test), 1)
        assert ((answers >= values.min()) & (answers <= values.max())).all()


@pytest.mark.parametrize("name", ["full", "selective", "lora", "bitfit"])
def test_a_head_learns_standard_numbers_and_is_saved_in_their_unit(job, tmp_path, name):
    here, test = job("enc", epochs=12)
    method = METHODS[name]({"pooling": "mean"})
    fitted = fit_once(method, here, {"learning_rate": 3e-3}).fit.fitted
    assert fitted.scale is PLAIN
    answers = fitted.predict(asked(test), Clock())
    values = numbers(here.train)
    assert abs(answers.mean() - values.mean()) < values.std()
    fitted.save(tmp_path)
    again = method.load(here, {"learning_rate": 3e-3}, tmp_path).predict(asked(test), Clock())
    assert np.array_equal(again, answers)


def test_a_folded_layer_gives_what_the_scaled_one_did():
    layer, scale = torch.nn.Linear(5, 1), scale_of(np.array([[3.0], [5.0], [100.0]]))
    x = torch.randn(7, 5)
    with torch.no_grad():
        before = scale.of(layer(x).numpy())
        scale.fold_into(layer)
        np.testing.assert_allclose(layer(x).numpy(), before, rtol=1e-5)
    assert output_layer(torch.nn.Sequential(torch.nn.Linear(2, 3), layer)) is layer
    assert scale_of(np.eye(2, dtype=bool)) is PLAIN


def test_what_cannot_be_read_counts_as_the_training_mean_on_validation_too(job):
    here, _ = job("dec")
    held, mean = numbers(here.validation), numbers(here.train).mean()
    said = held[:, None].copy()
    assert of_numbers(said, here).score == pytest.approx(1.0)
    said[:5] = np.nan
    filled = np.r_[np.full(5, mean), held[5:]]
    found = of_numbers(said, here)
    assert found.score == pytest.approx(r2_score(held, filled))
    assert found.loss == pytest.approx(((held - filled) ** 2).mean() / numbers(here.train).var())
    assert found.error > 0


def test_a_gain_within_its_standard_error_is_none(job):
    here, _ = job("dec")
    held = numbers(here.validation)[:, None]
    rough, near = (of_numbers(held + shift * np.linspace(-1, 1, 20)[:, None], here)
                   for shift in (1.0, 0.97))
    assert near.outscores(rough)
    assert not near.outscores(rough, by=rough.error)


@pytest.mark.parametrize("targets", [np.array([[1.5], [-2.0]]), np.eye(3, dtype=bool)])
def test_targets_are_written_and_read_again(targets):
    found = from_json(json.loads(json.dumps(as_json(targets))))
    assert found.dtype == targets.dtype
    assert np.array_equal(found, targets)


def test_setfit_is_for_classes():
    for backbone in ("encoder", None):
        assert not catalogue()["setfit"].works_on(backbone, "regression")
    assert catalogue()["features"].works_on("decoder", "regression")
    assert catalogue()["zero-shot"].works_on("decoder", "regression")
    assert not catalogue()["knn"].works_on("decoder", "regression")


def whole(*parts):
    """A task of these parts, as far as an outcome asks."""
    return SimpleNamespace(kind="regression", splits=Splits(*parts))


class Broken:
    """Answers with what is no number, and was not written."""

    def predict(self, items, clock):
        return np.full((len(items), 1), np.nan)


def test_a_head_that_gives_no_numbers_is_no_silent_writer(job):
    here, test = job("enc")
    answers = Broken().predict(here.validation, None)
    assert np.isnan(of_numbers(answers, here).loss)
    assert of_numbers(answers, here).score is None
    with pytest.raises(HarnessError, match=r"answers of item .* are not finite"):
        outcome(whole(here.train, here.validation, test), Broken())


def test_a_head_without_one_linear_output_is_refused_before_it_learns(job):
    here, _ = job("enc")
    method = METHODS["full"]({"pooling": "mean"})
    loaded = load_model(here, "mean")
    method.prepare(loaded, here)
    loaded.model.classifier.bias = None
    with pytest.raises(CannotRunError, match="does not end in a linear layer"):
        method.learner(method._classifier(here, loaded), here)
