"""What rare classes count: losses and heads against other implementations of the same."""

import dataclasses
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from harness.backbones.batches import Cut
from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods import register_all
from harness.methods.job import Job
from harness.methods.learning.balance import ALIKE, Weighing, of_classes, of_decisions, weighing
from harness.methods.learning.encoder import EncoderLearner
from harness.methods.learning.sampling import Sampled, drawn_alike, rarest_classes
from harness.methods.learning.trials import fit_once
from harness.methods.linear import fit_linear
from harness.methods.link import LINKS
from harness.methods.method import METHODS
from harness.methods.whole import load_model
from harness.suite import Budget
from harness.tasks.examples import indicator
from harness.tasks.task import load_task

register_all()
ONE, SEVERAL = LINKS["classification"], LINKS["multilabel"]


@pytest.fixture
def job(loaded, encoder, decoder, device):
    """Of three classes the first has eight training items, the others four and two."""
    def make(kind="encoder", **changes) -> Job:
        task = load_task(loaded)
        wanted = {0: 8, 1: 4, 2: 2}
        train = [e for label, count in wanted.items()
                 for e in [e for e in task.splits.train if e.label == label][:count]]
        budget = Budget(**{"epochs": 2, "steps": 1, "batch": 4, "max_length": 32,
                           **changes})
        return Job(task=task, train=tuple(train), validation=task.splits.validation[:9],
                   budget=budget, seed=0, device=device, clock=Clock(), store=FeatureStore(None),
                   backbone={"encoder": encoder, "decoder": decoder, None: None}[kind])

    return make


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40))
def test_weights_of_classes_are_scikit_learn_s(labels):
    targets = np.eye(5, dtype=bool)[labels]
    found = of_classes(targets)
    np.testing.assert_allclose(found[:, 0], compute_sample_weight("balanced", labels))
    assert found.mean() == pytest.approx(1.0)


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=30))
def test_weights_of_decisions_are_scikit_learn_s_for_each_class(rows):
    targets = np.array(rows)
    found = of_decisions(targets)
    for column in range(3):
        expected = compute_sample_weight("balanced", targets[:, column])
        np.testing.assert_allclose(found[:, column], expected)


def test_weighted_loss_is_torch_s():
    rng = np.random.default_rng(0)
    labels = rng.choice(3, size=20, p=[0.7, 0.2, 0.1])
    targets, logits = np.eye(3, dtype=bool)[labels], torch.tensor(rng.normal(size=(20, 3)))
    weights = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    theirs = cross_entropy(logits, torch.tensor(labels), torch.tensor(weights), reduction="sum")
    ours = Weighing(torch.tensor(of_classes(targets)))
    items = [3, 7, 1]
    losses = ONE.losses(logits, torch.tensor(targets))
    assert float(ours.of(losses, range(20))) == pytest.approx(float(theirs))
    some = cross_entropy(logits[items], torch.tensor(labels)[items], torch.tensor(weights),
                         reduction="sum")
    assert float(ours.of(losses[items], items)) == pytest.approx(float(some))


def test_positive_weights_are_torch_s_but_for_the_scale_of_a_class():
    rng = np.random.default_rng(1)
    targets, logits = rng.random((30, 4)) < 0.3, torch.tensor(rng.normal(size=(30, 4)))
    share = targets.mean(axis=0)
    each = binary_cross_entropy_with_logits(
        logits, torch.tensor(targets).double(), reduction="none",
        pos_weight=torch.tensor((1 - share) / share))
    theirs = (each * torch.tensor(0.5 / (1 - share))).mean(dim=1).sum()
    ours = Weighing(torch.tensor(of_decisions(targets))).of(
        SEVERAL.losses(logits, torch.tensor(targets)), range(30))
    assert float(ours) == pytest.approx(float(theirs))


def test_focal_loss_is_that_of_its_paper_with_its_gradient():
    rng = np.random.default_rng(2)
    logits = torch.tensor(rng.normal(scale=4, size=(40, 3)), requires_grad=True)
    labels = torch.tensor(rng.choice(3, size=40))
    p = logits.softmax(dim=1)[torch.arange(40), labels]
    theirs = (-((1 - p) ** 2) * p.log()).sum()
    ours = Weighing(gamma=2.0).of(ONE.losses(logits, torch.eye(3)[labels]), range(40))
    torch.testing.assert_close(ours, theirs)
    gradients = [torch.autograd.grad(loss, logits, retain_graph=True)[0]
                 for loss in (ours, theirs)]
    torch.testing.assert_close(*gradients)
    sure = Weighing(gamma=2.0).of(torch.zeros(1, 1, requires_grad=True), [0])
    assert torch.isfinite(torch.autograd.grad(sure, sure)[0]).all()


def test_a_linear_head_counts_items_as_scikit_learn_does():
    rng = np.random.default_rng(3)
    labels = rng.choice(3, size=60, p=[0.7, 0.2, 0.1])
    x, targets = rng.normal(size=(60, 4)) + labels[:, None], np.eye(3, dtype=bool)[labels]
    theirs = LogisticRegression(C=0.5, max_iter=2000, class_weight="balanced").fit(x, labels)
    ours = fit_linear(x, targets, 0.5, ONE, of_classes(targets))
    np.testing.assert_allclose(ours.predict(x), theirs.predict_proba(x), atol=1e-6)
    rare = x[labels == 2]
    assert (ours.predict(rare)[:, 2] > fit_linear(x, targets, 0.5, ONE).predict(rare)[:, 2]).all()
    several = np.column_stack([targets[:, :2], np.ones(60, bool)])
    ours = fit_linear(x, several, 0.5, SEVERAL, of_decisions(several)).predict(x)
    for column in (0, 1):
        model = LogisticRegression(C=0.5, max_iter=2000, class_weight="balanced")
        model.fit(x, several[:, column])
        np.testing.assert_allclose(ours[:, column], model.predict_proba(x)[:, 1], atol=1e-6)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(0, 9))
def test_a_pass_draws_each_class_alike_and_its_items_in_turn(strata, seed):
    drawn = drawn_alike(np.array(strata), np.random.default_rng(seed))
    assert len(drawn) == len(strata)
    classes = Counter(strata[i] for i in drawn)
    assert max(classes.values()) - min(classes.get(c, 0) for c in set(strata)) <= 1
    for name in set(strata):
        items = [i for i, stratum in enumerate(strata) if stratum == name]
        often = Counter(drawn)
        assert max(often[i] for i in items) - min(often[i] for i in items) <= 1


def test_an_item_with_several_classes_is_drawn_as_its_rarest():
    targets = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 1], [0, 0, 0], [1, 1, 0]], dtype=bool)
    assert rarest_classes(targets).tolist() == [1, 0, 2, 3, 1]


def test_a_learner_that_samples_reads_what_was_drawn(job):
    here = job()
    loaded = load_model(here)
    plain = EncoderLearner(METHODS["full"]({})._classifier(here, loaded), here)
    plain.model.eval()
    learner = Sampled(plain, here)
    drawn = list(learner.drawn)
    assert Counter(here.train[i].label for i in drawn) in (
        {0: 5, 1: 5, 2: 4}, {0: 5, 1: 4, 2: 5}, {0: 4, 1: 5, 2: 5})
    assert learner.lengths() == [plain.lengths()[i] for i in drawn]
    batch = [0, 5, 9, 13]
    parts = learner.passes(batch, Cut(2, 0))
    assert sorted(i for part in parts for i in part) == sorted(drawn[i] for i in batch)
    with torch.no_grad():
        whole = float(plain.loss([drawn[i] for i in batch]))
        assert sum(float(learner.loss(part)) for part in parts) == pytest.approx(whole, rel=1e-4)
    learner.begin(1)
    assert learner.drawn != drawn
    learner.begin(0)
    assert learner.drawn == drawn


@pytest.mark.parametrize("balance", ["weights", "focal", "sampling"])
@pytest.mark.parametrize(("name", "kind"), [("full", "encoder"), ("selective", "encoder"),
                                            ("lora", "encoder"), ("lora", "decoder")])
def test_whatever_learns_by_gradient_balances_and_repeats_itself(name, kind, balance, job):
    here = job(kind)
    assert balance in METHODS[name].balances
    test, setting = here.task.splits.test[:6], {"learning_rate": 3e-3}
    once, again = (fit_once(METHODS[name]({"balance": balance}), here, setting).fit.fitted
                   .predict(test, Clock()) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    tried = fit_once(METHODS[name]({}), here, {**setting, "balance": balance}).fit.fitted
    np.testing.assert_array_equal(once, tried.predict(test, Clock()))
    if (kind, balance) != ("decoder", "focal"):  # no answer of random weights is likely
        plain = fit_once(METHODS[name]({}), here, setting).fit.fitted.predict(test, Clock())
        assert np.abs(plain - once).max() > 1e-4


@pytest.mark.parametrize(("name", "kind"), [("tfidf", None), ("features", "encoder")])
def test_linear_heads_balance_by_weights(name, kind, job):
    here = job(kind)
    rare = [e for e in here.task.splits.test if e.label == 2]
    shares = [fit_once(METHODS[name]({"balance": balance}), here, {"C": 1.0}).fit.fitted
              .predict(rare, Clock())[:, 2].mean() for balance in ("none", "weights")]
    assert shares[1] > shares[0] + 0.01
    with pytest.raises(ValueError, match="balance"):
        METHODS[name]({"balance": "focal"})


def test_answers_in_words_have_no_classes_to_balance(job):
    here = job("decoder")
    words = dataclasses.replace(here, task=dataclasses.replace(here.task, kind="generation"))
    assert weighing("none", words) == ALIKE
    with pytest.raises(CannotRunError, match="no classes"):
        weighing("weights", words)
    assert indicator(here.train, 3).sum(axis=0).tolist() == [8, 4, 2]
