"""What counts as a gain while a training is watched."""

import numpy as np
import pytest
import torch
from torch import nn

from harness.methods.learning.aside import Aside
from harness.methods.learning.best import Best
from harness.methods.learning.validated import HeldOut, standard_error


def heard(scores, items=600, losses=None):
    """After each look, the looks waited; and the step of the weights that are kept."""
    best, waits = Best(), []
    for step, score in enumerate(scores, 1):
        loss = 1.0 if losses is None else losses[step - 1]
        best.hear(HeldOut(score, loss, items), step, nn.Linear(1, 1), last=False)
        waits.append(best.waited)
    return waits, best.step


def test_a_gain_is_more_than_one_standard_error_at_once_or_in_sum():
    """0.02 for 600 items at a share of one half; each look is its own, for there are enough."""
    assert standard_error(HeldOut(0.5, 1.0, 600)) == pytest.approx((0.25 / 600) ** 0.5)
    assert heard([0.5, 0.55, 0.56, 0.565, 0.575, 0.57]) == ([0, 0, 1, 2, 0, 1], 5)


def test_weights_are_kept_by_what_one_item_makes_though_it_is_no_gain():
    assert heard([0.5, 0.51, 0.505]) == ([0, 1, 2], 2)


def test_of_scores_within_one_error_the_loss_tells_whether_it_learns():
    """As where a class is rare: it answers the most frequent one for long while the loss falls."""
    assert heard([0.2, 0.2, 0.2, 0.2], losses=[1.6, 1.4, 1.1, 1.2])[0] == [0, 0, 0, 1]


def test_without_a_score_the_loss_alone_tells():
    assert standard_error(HeldOut(None, 1.0, 9)) == standard_error(None) == 0.0
    assert heard([None] * 3, losses=[1.0, 0.9, 0.95]) == ([0, 0, 1], 2)


def test_luck_alone_is_seldom_taken_for_a_gain():
    """Looks of 64 items at a share that stays: a gain would keep a training going for ever."""
    rng, ends = np.random.default_rng(0), []
    for _ in range(200):
        waits, _ = heard(rng.binomial(64, 0.7, size=30) / 64, items=64)
        ends.append(next((look for look, waited in enumerate(waits, 1) if waited == 4), 30))
    assert np.median(ends) <= 7
    assert np.mean(np.array(ends) == 30) < 0.02


def test_the_weights_that_are_kept_come_back():
    model, best = nn.Linear(1, 1), Best()
    for step, score in enumerate([0.5, 0.9, 0.4], 1):
        with torch.no_grad():
            model.weight.fill_(step)
        best.hear(HeldOut(score, 1.0, 600), step, model, last=step == 3)
    best.restore(model)
    assert model.weight.item() == 2.0


def test_what_is_put_aside_comes_back_bit_for_bit_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2).to(torch.bfloat16), nn.Linear(2, 2))
    model[2].requires_grad_(False)
    before = [p.detach().clone() for p in model.parameters()]
    aside = Aside()
    for _ in range(2):  # the second in the first one's place
        aside.put(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    aside.bring_back(model)
    for number, (now, then) in enumerate(zip(model.parameters(), before, strict=True)):
        assert torch.equal(now, then + (number >= 4)), "what does not learn stays as it is"
    assert not list(tmp_path.iterdir())
