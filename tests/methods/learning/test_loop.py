import dataclasses
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from harness.backbones.batches import passes
from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.common.device import Device
from harness.methods.job import Job
from harness.methods.learning.loop import seed_everything, train
from harness.methods.learning.step import DivergedError
from harness.methods.learning.validated import HeldOut
from harness.methods.linear import fit_linear
from harness.methods.link import LINKS
from harness.suite import Budget


class Toy:
    """Linear regression of y = 3x with a loss in the loop's terms."""

    states = None

    def __init__(self, items=32, losses=None, fails_above=None):
        seed_everything(0)
        self.model = nn.Linear(1, 1)
        self.x = torch.linspace(-1, 1, items)[:, None]
        self.losses = iter(losses) if losses else None
        self.fails_above = fails_above
        self.seen = []
        self.weights = []

    def begin(self, epoch):
        pass

    def lengths(self):
        return [1] * len(self.x)

    def passes(self, indices, cut):
        return passes(indices, self.lengths(), cut)

    def sharing(self):
        return nullcontext()

    def loss(self, indices):
        if self.fails_above and len(indices) > self.fails_above:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …")
        self.seen.append(list(indices))
        return ((self.model(self.x[indices]) - 3 * self.x[indices]) ** 2).sum()

    def validate(self):
        self.weights.append(self.model.weight.detach().clone())
        with torch.no_grad():
            loss = float(((self.model(self.x) - 3 * self.x) ** 2).mean())
        return HeldOut(None, next(self.losses) if self.losses else loss, items=1000)


@pytest.fixture
def job(device):
    def make(**budget) -> Job:
        values = {"epochs": 4, "steps": 1, "batch": 8, "patience": 9, **budget}
        return Job(task=None, train=(), validation=(), budget=Budget(**values), seed=0,
                   device=dataclasses.replace(device, autocast="no"), clock=Clock(),
                   store=FeatureStore(None))

    return make


def test_every_example_is_seen_once_an_epoch_and_the_loss_falls(job):
    toy = Toy()
    training = train(toy, job(), 0.3, 0.0)
    assert training.steps == 16
    assert training.epochs == 4
    assert training.tokens == 4 * 32
    assert training.examples == 4 * 32
    for epoch in range(4):
        seen = sorted(i for part in toy.seen[4 * epoch: 4 * epoch + 4] for i in part)
        assert seen == list(range(32))
    losses = [p.validation_loss for p in training.curve if p.validation_loss is not None]
    assert losses[-1] < losses[0]


def test_the_best_weights_are_kept_and_patience_cools_down(job):
    toy = Toy(losses=[1.0, 0.5, 0.7, 0.9, 0.8, 0.6, 0.6])
    training = train(toy, job(epochs=20, patience=2), 0.1, 0.0)
    assert (training.best_step, training.held.loss) == (8, 0.5)
    assert (training.stopped, training.still_improving) == ("patience", False)
    # Patience ends with the fourth look, after 16 steps; a fifth of all 20 cools down.
    assert training.steps == 20
    assert torch.equal(toy.model.weight, toy.weights[1])


@pytest.mark.parametrize(("losses", "best", "improving"), [
    ([0.7, 0.5, 0.4, 0.3, 0.2], 20, True), ([0.7, 0.4, 0.5, 0.6, 0.3], 20, False),
    ([0.7, 0.5, 0.4, 0.3, 0.9], 16, True)])
def test_a_budget_that_ends_while_weights_still_improve_says_so(job, losses, best, improving):
    toy = Toy(losses=losses)
    training = train(toy, job(epochs=5, patience=9), 0.1, 0.0)
    assert (training.steps, training.best_step, training.stopped) == (20, best, "budget")
    assert training.still_improving == improving
    assert torch.equal(toy.model.weight, toy.weights[best // 4 - 1])


def test_few_examples_are_passed_over_for_as_long_as_the_steps_allow(job):
    toy = Toy(items=16)
    training = train(toy, job(epochs=1, steps=50, patience=50), 0.01, 0.0)
    assert (training.steps, training.epochs) == (50, 25.0)
    looks = [point.step for point in training.curve if point.validation_loss is not None]
    # Twenty looks at the most: one every three steps, and one at the end.
    assert looks == [*range(3, 50, 3), 50]


def test_a_loss_that_is_not_finite_ends_the_run_with_its_curve(job):
    toy = Toy()
    toy.x[5] = float("inf")
    with pytest.raises(DivergedError, match="loss is nan at step") as error:
        train(toy, job(), 0.1, 0.0)
    assert error.value.training.curve
    with pytest.raises(DivergedError, match="validation loss is nan at step 4"):
        train(Toy(losses=[float("nan")]), job(), 0.1, 0.0)


def test_a_gradient_that_is_not_finite_ends_the_run_though_the_loss_is(job):
    toy = Toy()
    toy.loss = lambda indices: torch.sqrt((0 * toy.model.weight).sum())
    before = toy.model.weight.detach().clone()
    with pytest.raises(DivergedError, match="the gradient's norm is nan at step 1"):
        train(toy, job(), 0.1, 0.0)
    assert torch.equal(toy.model.weight, before)


def test_out_of_memory_halves_the_micro_batch_at_the_same_result(job):
    whole, halved = Toy(), Toy(fails_above=3)
    train(whole, job(), 0.1, 0.0)
    training = train(halved, job(), 0.1, 0.0)
    assert training.micro_batch == 2
    assert len(training.notes) == 2
    assert "halved to 2" in training.notes[1]
    assert max(map(len, halved.seen)) == 2
    torch.testing.assert_close(halved.model.weight, whole.model.weight)


class Blocks(nn.Linear):
    """A model of one layer that can leave out what a pass keeps."""

    supports_gradient_checkpointing = True
    is_activation_checkpointing = False

    def activation_checkpointing_enable(self, options):
        self.is_activation_checkpointing = True


def test_no_memory_for_one_item_has_its_states_computed_again(job):
    toy = Toy()
    toy.model = Blocks(1, 1)
    plain = toy.loss

    def loss(indices):
        if not toy.model.is_activation_checkpointing:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …")
        return plain(indices)

    toy.loss = loss
    training = train(toy, job(batch=2), 0.1, 0.0)
    assert training.micro_batch == 1
    assert "halved to 1" in training.notes[0]
    assert "computed again" in training.notes[1]
    assert len(training.notes) == 2
    toy.model.is_activation_checkpointing = True
    toy.loss = Toy(fails_above=0.5).loss
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        train(toy, job(batch=2), 0.1, 0.0)


def refusing(toy, always=False):
    """The toy's loss with an operation that has no repeatable form."""
    loss = toy.loss

    def refused(indices):
        if always or not torch.is_deterministic_algorithms_warn_only_enabled():
            raise RuntimeError("scatter_cuda_ does not have a deterministic implementation, but …")
        return loss(indices)

    toy.loss = refused
    return toy


@pytest.fixture
def on_a_gpu(job):
    """A job that believes to be on one, where algorithms are to repeat themselves."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    yield dataclasses.replace(job(), device=Device("cuda", "a GPU", "no", 1))
    torch.use_deterministic_algorithms(False)


def test_what_cannot_repeat_itself_goes_on_with_a_note(on_a_gpu, job):
    plain, refused = Toy(), refusing(Toy())
    train(plain, job(), 0.1, 0.0)
    training = train(refused, on_a_gpu, 0.1, 0.0)
    assert training.notes == ["may not repeat itself bit for bit: scatter_cuda_ has no such form"]
    torch.testing.assert_close(refused.model.weight, plain.model.weight)
    assert torch.is_deterministic_algorithms_warn_only_enabled()


def test_a_refusal_without_end_ends_the_run(on_a_gpu):
    with pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
        train(refusing(Toy(), always=True), on_a_gpu, 0.1, 0.0)
    assert torch.is_deterministic_algorithms_warn_only_enabled()


def test_other_errors_are_not_taken_for_memory(job):
    toy = Toy()
    toy.loss = lambda indices: (_ for _ in ()).throw(RuntimeError("shape mismatch"))
    with pytest.raises(RuntimeError, match="shape mismatch"):
        train(toy, job(), 0.1, 0.0)


@pytest.mark.parametrize("labels", [[0, 1, 2], [0, 2], [0, 1]])
def test_a_linear_head_predicts_as_scikit_learn(labels):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)), rng.choice(labels, 60)
    link = LINKS["classification"]
    head = fit_linear(x, np.eye(3, dtype=bool)[y], 0.5, link)
    expected = LogisticRegression(C=0.5, max_iter=2000).fit(x, y)
    np.testing.assert_allclose(head.predict(x)[:, expected.classes_], expected.predict_proba(x),
                               atol=1e-9)
    assert np.allclose(head.predict(x).sum(axis=1), 1)
    one = fit_linear(x, np.eye(3, dtype=bool)[[1] * 60], 1.0, link)
    assert one.predict(x)[:, 1].min() == 1.0
