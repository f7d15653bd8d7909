"""SetFit: its loss is sentence-transformers', and what it tuned is what answers."""

import dataclasses

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from sklearn.linear_model import LogisticRegression

from harness.backbones.batches import Cut
from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.methods.job import Job
from harness.methods.learning.trials import fit_once
from harness.methods.pairs import Pair
from harness.methods.setfit import PairLearner, SentenceEncoder, Setfit, sentence_encoder
from harness.suite import Budget
from harness.tasks.task import load_task


def no_head(vectors):
    """These learners are not asked to validate."""
    raise AssertionError


@pytest.fixture
def job(loaded, encoder, device):
    task = load_task(loaded)
    splits = task.splits.sample(18, 9, 12)
    budget = loaded.suite.budget.model_copy(update={"batch": 8})
    return Job(dataclasses.replace(task, splits=splits), splits.train, splits.validation, budget, 0,
               device, Clock(), FeatureStore(None), backbone=encoder)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_the_loss_and_its_gradient_are_sentence_transformers(job, pooling):
    """The same pairs through `CosineSimilarityLoss` on a model that the library put together."""
    words = Transformer(str(job.backbone.path), max_seq_length=job.budget.max_length)
    theirs = SentenceTransformer(modules=[words, Pooling(
        words.get_embedding_dimension(), pooling_mode=pooling)], device="cpu").eval()
    learner = PairLearner(sentence_encoder(job, pooling), job, no_head)
    count = len(learner.pairs)
    sides = [theirs.preprocess([job.train[getattr(pair, side)].text for pair in learner.pairs])
             for side in ("first", "second")]
    alike = torch.tensor([float(pair.alike) for pair in learner.pairs])
    expected = CosineSimilarityLoss(theirs)(sides, alike)
    expected.backward()
    loss = learner.loss(list(range(count))) / count
    loss.backward()
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    learned = {name: p for name, p in words.named_parameters() if p.grad is not None}
    assert len(learned) > 10
    for name, parameter in learned.items():
        ours = learner.model.get_parameter(name.removeprefix("auto_model.").removeprefix("model."))
        torch.testing.assert_close(ours.grad, parameter.grad, rtol=1e-3, atol=1e-6)


def test_a_batch_in_parts_adds_up_to_the_batch(job):
    learner = PairLearner(sentence_encoder(job), job, no_head)
    whole = float(learner.loss(list(range(12))).detach())
    parts = learner.passes(list(range(12)), Cut(5, 0))
    assert [len(part) for part in parts] == [5, 5, 2]
    added = sum(float(learner.loss(part).detach()) for part in parts)
    assert added == pytest.approx(whole, rel=1e-5)


def test_an_epoch_has_pairs_and_tokens_of_its_own(job):
    learner = PairLearner(sentence_encoder(job), job, no_head)
    first, tokens = learner.pairs, learner.lengths()
    learner.begin(1)
    assert learner.pairs != first
    learner.begin(0)
    assert (learner.pairs, learner.lengths()) == (first, tokens)
    a, b = first[0].first, first[0].second
    assert tokens[0] == sum(len(learner.encoded[i]["input_ids"]) for i in (a, b))


def test_vectors_come_in_the_items_order_and_are_of_length_one(job):
    encoder = sentence_encoder(job)
    items = encoder.encode(job.train)
    together = encoder.embed(items)
    alone = np.concatenate([encoder.embed([item]) for item in items])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)


def test_tuning_draws_alike_together_and_the_others_apart(job):
    def gap(encoder: SentenceEncoder, pairs: list[Pair]) -> float:
        vectors = encoder.embed(encoder.encode(job.train))
        cosines = [float(vectors[p.first] @ vectors[p.second]) for p in pairs]
        return float(np.mean([c for c, p in zip(cosines, pairs, strict=True) if p.alike])
                     - np.mean([c for c, p in zip(cosines, pairs, strict=True) if not p.alike]))

    pairs = PairLearner(sentence_encoder(job), job, no_head).pairs
    before = gap(sentence_encoder(job), pairs)
    seen = dataclasses.replace(job, validation=job.train,
                               budget=job.budget.model_copy(update={"patience": 20}))
    fitted = fit_once(Setfit({}), seen, {"learning_rate": 1e-3}).fit.fitted
    assert gap(fitted.encoder, pairs) > before + 0.2


def test_the_saved_weights_are_those_that_the_last_states_hang_on(job, tmp_path):
    method = Setfit({"pairs": 1})
    fit = fit_once(method, job, {"learning_rate": 1e-3}).fit
    assert fit.training.steps == method.course(job.budget, 18).steps(18, 8) == 5
    assert fit.training.examples == 36
    fitted = fit.fitted
    fitted.save(tmp_path)
    saved = load_file(tmp_path / "delta.safetensors")
    model = fitted.declares.model.model
    assert set(saved) == {name for name, _ in model.named_parameters() if "pooler" not in name}
    learns, total = fitted.parameters
    head = fitted.head.size
    assert learns == head + sum(value.numel() for value in saved.values())
    assert total == head + sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(("items", "passes"), [(10, 20), (400, 20), (2000, 4), (9000, 1)])
def test_many_items_are_passed_over_less_often(items, passes):
    assert Setfit({}).course(Budget(), items).epochs == passes


def test_one_class_alone_is_answered(job):
    one = dataclasses.replace(job, train=tuple(dataclasses.replace(e, label=1) for e in job.train))
    fitted = fit_once(Setfit({"pairs": 1}), one, {"learning_rate": 1e-4}).fit.fitted
    assert np.array_equal(fitted.predict(job.validation, Clock()),
                          np.tile([0.0, 1.0, 0.0], (len(job.validation), 1)))


def test_the_head_counts_classes_alike_where_it_is_told_to(job):
    """What is tuned is the same; scikit-learn's balanced regression reads it."""
    rare = dataclasses.replace(job, train=tuple(e for e in job.train if e.label < 2)[:9])
    rate = {"learning_rate": 1e-4}
    method = Setfit({"pairs": 1, "C": 3.0, "balance": "weights"})
    fitted = fit_once(method, rare, rate).fit.fitted
    vectors = fitted.encoder.embed(fitted.encoder.encode(rare.train))
    theirs = LogisticRegression(C=3.0, class_weight="balanced", max_iter=2000).fit(
        vectors, [e.label for e in rare.train])
    asked = fitted.encoder.embed(fitted.encoder.encode(job.validation))
    np.testing.assert_allclose(fitted.predict(job.validation, Clock())[:, :2],
                               theirs.predict_proba(asked), atol=1e-3)
    plain = fit_once(Setfit({"pairs": 1, "C": 3.0}), rare, rate).fit.fitted
    assert not np.array_equal(plain.head.weights, fitted.head.weights)
