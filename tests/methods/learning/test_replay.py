"""General text learned beside the items of a task."""

import dataclasses

import pytest
import torch

from harness.backbones.batches import Cut
from harness.backbones.prompting.passages import nats_a_token, passage_scores
from harness.backbones.prompting.score import Prefix
from harness.common.errors import CannotRunError
from harness.methods import register_all
from harness.methods.learning.replay import Replayed
from harness.methods.learning.trials import fit_once
from harness.methods.method import METHODS
from harness.methods.tuned import plain_learner
from harness.methods.whole import load_model
from harness.tasks.examples import asked

register_all()
TEXTS = tuple(f"some old {word} lay on the {other} with a very new pear and {word}{i} of it"
              for i in range(8) for word in ("iron", "plum", "zinc") for other in ("tin", "lead"))
CUT = Cut(4, 128)


@pytest.fixture
def here(job, decoder, device):
    return dataclasses.replace(job(), backbone=decoder, general=TEXTS,
                               device=dataclasses.replace(device, autocast="no"))


def replayed(here, share):
    method = METHODS["full"]({})
    loaded = load_model(here)
    return Replayed(plain_learner(method._classifier(here, loaded), here), loaded, here, share)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_the_share_of_the_tokens_is_what_was_asked(here, share):
    learner = replayed(here, share)
    own = sum(learner.learner.lengths())
    assert sum(learner.lengths()) == pytest.approx(own / (1 - share), abs=1)
    batch = [0, 3, 5, 9, 12, 13]
    learner.passes(batch, CUT)
    brought = sum(learner.lengths()[i] - learner.learner.lengths()[i] for i in batch)
    assert brought <= sum(map(len, learner.drawn)) <= brought + 1
    assert brought == pytest.approx(
        share / (1 - share) * sum(learner.learner.lengths()[i] for i in batch), abs=len(batch) / 2)


def test_a_steps_loss_is_the_formula_by_hand(here):
    share, batch = 0.3, [1, 4, 6, 7, 10]
    learner = replayed(here, share)
    parts = learner.passes(batch, CUT)
    learner.model.eval()
    with torch.no_grad(), learner.sharing():
        step = sum(float(learner.loss(part)) for part in parts) / len(batch)
        items = float(learner.learner.loss(batch)) / len(batch)
        nats, tokens = 0.0, 0
        for ids in learner.drawn:
            row = torch.tensor([ids])
            nats += float(learner.model(input_ids=row, labels=row).loss) * (len(ids) - 1)
            tokens += len(ids) - 1
    assert step == pytest.approx((1 - share) * items + share * nats / tokens, rel=1e-4)


def test_passes_hold_items_or_passages_and_each_once(here):
    learner = replayed(here, 0.4)
    batch = list(range(8))
    parts = learner.passes(batch, CUT)
    assert all(len({i < learner.first for i in part}) == 1 for part in parts)
    assert sorted(i for part in parts for i in part) == [
        *batch, *range(learner.first, learner.first + len(learner.drawn))]


def test_the_same_step_reads_the_same_passages_and_another_epoch_others(here):
    learner = replayed(here, 0.4)
    drawn = []
    for epoch in (0, 0, 1):
        learner.begin(epoch)
        learner.passes([2, 3, 4], CUT)
        drawn.append(learner.drawn)
    assert drawn[0] == drawn[1] != drawn[2]


def test_virtual_tokens_stand_before_general_text_as_forgetting_reads_it(here):
    method = METHODS["prompt-tuning"]({})
    loaded = load_model(here)
    method.prepare(loaded, here)
    learner = Replayed(plain_learner(method._classifier(here, loaded), here), loaded, here, 0.4)
    parts = learner.passes([0, 1], CUT)
    learner.loss(parts[-1]).backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in loaded.model.parameters())
    with torch.no_grad():
        bare = passage_scores(loaded.model, Prefix(), learner.drawn, 0)
        assert float(learner.loss(parts[-1])) != pytest.approx(
            -float(torch.stack(bare).sum()), rel=1e-6)


@pytest.mark.parametrize("name", ["full", "selective", "bitfit", "lora", "prefix-tuning"])
def test_a_run_counts_what_it_replays_and_learns_other_weights(here, name):
    method, plain = METHODS[name]({"replay": 0.25}), METHODS[name]({})
    assert (method.general, plain.general) == ("learned", None)
    setting = method.settings(here)[0]
    one, other = (fit_once(made, here, setting) for made in (method, plain))
    with_it, without = one.fit.training, other.fit.training
    assert with_it.steps == without.steps
    assert with_it.tokens == pytest.approx(without.tokens / 0.75, abs=2)
    assert with_it.flops > without.flops
    assert with_it.examples == without.examples
    items = asked(here.validation)
    answers = [found.fit.fitted.predict(items, here.clock) for found in (one, other)]
    assert not (answers[0] == answers[1]).all()
    again = fit_once(method, here, setting).fit.fitted.predict(items, here.clock)
    assert (answers[0] == again).all()


def test_class_balanced_sampling_goes_with_it(here):
    method = METHODS["lora"]({"replay": 0.25, "balance": "sampling"})
    assert fit_once(method, here, method.settings(here)[0]).fit.training.tokens > 0


def test_general_text_that_is_not_learned_costs_more_nats_after_a_wild_training(here):
    drifts = []
    for replay in (0.0, 0.5):
        method = METHODS["full"]({"replay": replay})
        wild = dataclasses.replace(here, budget=here.budget.model_copy(
            update={"epochs": 4, "steps": 40}))
        fitted = fit_once(method, wild, {"learning_rate": 3e-3}).fit.fitted
        drifts.append(nats_a_token(fitted.loaded, here.device, TEXTS))
    assert drifts[1] < drifts[0]


def test_without_passages_it_says_so(here):
    with pytest.raises(CannotRunError, match="no passages of general text"):
        replayed(dataclasses.replace(here, general=()), 0.1)


@pytest.mark.parametrize(("backbone", "said"), [("encoder", True), ("seq2seq", True),
                                               ("decoder", False)])
def test_it_is_for_decoders(backbone, said):
    found = METHODS["lora"]({"replay": 0.1}).refuses("classification", backbone)
    assert (found is not None and "next word" in found) == said
    assert METHODS["lora"]({}).refuses("classification", backbone) is None
