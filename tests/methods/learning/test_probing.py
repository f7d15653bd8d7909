"""LP-FT: training begins where logistic regression on the frozen features ends."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

from harness.backbones.encoding.features import FeatureStore, pooled
from harness.backbones.handle import folder_handle
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods import register_all
from harness.methods.job import Job
from harness.methods.learning import probing
from harness.methods.learning.probing import TRIED, USUAL, begin_probed, finite
from harness.methods.learning.trials import fit_once
from harness.methods.linear import fit_standardised, strengths
from harness.methods.link import LINKS
from harness.methods.method import METHODS
from harness.methods.whole import load_model
from harness.suite import Budget
from harness.targets.metrics import ACCURACY, LOG_LOSS
from harness.tasks.examples import indicator
from harness.tasks.task import load_task

register_all()
STILL = {"learning_rate": 1e-12}


@pytest.fixture(scope="module", params=["mean", "lasttoken"])
def embedder(request, encoder_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("embedder")
    transformer = Transformer(str(encoder_folder))
    pooling = Pooling(transformer.get_embedding_dimension(), request.param)
    SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(folder))
    return folder_handle(folder)


@pytest.fixture
def job(loaded, device, tmp_path):
    def make(handle, store=None) -> Job:
        task = load_task(loaded)
        return Job(task=task, train=task.splits.train[:24], validation=task.splits.validation[:9],
                   budget=Budget(epochs=1, steps=1, batch=8, max_length=32), seed=0, device=device,
                   clock=Clock(), store=FeatureStore(store), backbone=handle)

    return make


def probe(here, mode):
    """The head that `features` would have with the strength that validation chooses."""
    featurizer = pooled(here.backbone, 32, here.device, (mode,))
    x, held, test = (here.store.features(featurizer, part, Clock(), "encode") for part in
                     (here.train, here.validation, here.task.splits.test))
    link, targets = LINKS["classification"], indicator(here.train, 3)
    heads = [fit_standardised(x, targets, c, link) for c in strengths(here, USUAL, TRIED)]
    return min(heads, key=lambda head: LOG_LOSS.of(link.marked(
        head.predict(held), indicator(here.validation, 3), None))).predict(test)


def test_the_head_is_chosen_by_the_deciding_metric(embedder, job, monkeypatch):
    """Two strengths: one has the lower log loss, the other the higher accuracy."""
    here = replace(job(embedder), metric=ACCURACY)
    truth = indicator(here.validation, 3)
    sure = np.where(truth == 1, 0.4, 0.3)  # all right, and unsure of it
    wrong = np.where(truth == 1, 0.98, 0.01)
    wrong[0] = np.roll(wrong[0], 1)
    said = {0.1: wrong, 1.0: sure}

    class Head:
        weights, bias = np.zeros((3, 3)), np.zeros(3)

        def __init__(self, strength):
            self.strength = strength

        def predict(self, x):
            return said[self.strength]

    monkeypatch.setattr(probing, "strengths", lambda *_: [0.1, 1.0])
    monkeypatch.setattr(probing, "fit_standardised", lambda x, targets, c, *_: Head(c))
    reads = probing.probed_features(here.backbone, here, "trained")
    assert probing._probe(reads, here, "none").strength == 1.0
    assert probing._probe(reads, replace(here, metric=None), "none").strength == 0.1


@pytest.mark.parametrize("name", ["full", "selective", "bitfit", "lora"])
def test_a_step_of_nothing_answers_as_features_would(name, embedder, job):
    here = job(embedder)
    mode = METHODS[name]({})
    fitted = fit_once(METHODS[name]({"head": "probed"}), here, STILL).fit.fitted
    expected = probe(here, pool_mode(here))
    atol = 1e-4 if here.device.autocast == "no" else 0.03
    np.testing.assert_allclose(fitted.predict(here.task.splits.test, Clock()), expected, atol=atol)
    assert mode.recipe.head == "fresh"
    fresh = fit_once(mode, here, STILL).fit.fitted.predict(here.task.splits.test, Clock())
    assert np.abs(fresh - expected).max() > 0.05


def pool_mode(here):
    return load_model(here).model.pool[0]


def test_features_that_another_run_kept_change_no_weight(embedder, job, tmp_path):
    method = METHODS["full"]({"head": "probed"})
    answers = [fit_once(method, job(embedder, tmp_path / "store"), {"learning_rate": 1e-3})
               .fit.fitted.predict(job(embedder).task.splits.test, Clock()) for _ in range(2)]
    np.testing.assert_array_equal(*answers)


def test_features_are_read_as_the_folder_says(embedder, job):
    here = job(embedder)
    mode = pool_mode(here)
    reader = SentenceTransformer(str(here.backbone.path), device="cpu")
    theirs = reader.encode([e.text for e in here.train])
    ours = here.store.features(METHODS["features"]({})._featurizer(here), here.train, Clock(),
                               "encode")
    np.testing.assert_allclose(ours, theirs, atol=1e-5 if here.device.autocast == "no" else 0.1)
    other = METHODS["features"]({"pooling": "cls"})._featurizer(here)
    assert other.key != pooled(here.backbone, 32, here.device, (mode,)).key


def test_a_head_that_is_not_linear_in_pooled_states_is_not_probed(encoder, job):
    with pytest.raises(CannotRunError, match="pooling: mean"):
        fit_once(METHODS["full"]({"head": "probed"}), job(encoder), STILL)
    assert "pooling: mean" in METHODS["full"]({"head": "probed"}).cannot(encoder)
    method = METHODS["full"]({"head": "probed", "pooling": "mean"})
    assert method.cannot(encoder) is None
    fit_once(method, job(encoder), STILL)


def test_a_class_that_nobody_has_can_still_be_learned(encoder, job):
    assert finite(np.array([0.5, -np.inf, np.inf]), 19) == pytest.approx([0.5, -np.log(20),
                                                                         np.log(20)])
    here = job(encoder)
    few = Job(**{**vars(here), "train": tuple(e for e in here.train if e.label)})
    loaded = load_model(few, "mean")
    begin_probed(loaded, few, "none")
    model = loaded.model
    assert torch.isfinite(model.classifier.bias).all()
    assert (model.classifier.weight[0] == 0).all()
