"""Passages of plain text, against the language-model loss of transformers."""

import dataclasses

import pytest
import torch

from harness.backbones.load import load_causal
from harness.backbones.prompting.passages import nats_a_token, passage_scores, passage_tokens
from harness.backbones.prompting.score import Prefix

TEXTS = ["the old iron and a new pear", "copper", "x", "some of the brass was red, some was not"]


@pytest.fixture
def loaded(decoder):
    return load_causal(decoder, "cpu")


def by_transformers(loaded, ids):
    """Mean cross-entropy from the second token on, and of how many tokens."""
    row = torch.tensor([ids])
    with torch.no_grad():
        return float(loaded.model(input_ids=row, labels=row).loss), len(ids) - 1


def test_a_passage_is_scored_from_its_second_token_on(loaded):
    passages = passage_tokens(loaded.tokenizer, TEXTS, 512)
    assert len(passages) == 2  # a single token says nothing
    found = passage_scores(loaded.model.eval(), Prefix(), passages, 0)
    for score, ids in zip(found, passages, strict=True):
        mean, tokens = by_transformers(loaded, ids)
        assert float(score) == pytest.approx(-mean * tokens, rel=1e-4)


def test_nats_a_token_are_over_all_tokens_alike(loaded, device):
    whole = dataclasses.replace(device, autocast="no")
    each = [by_transformers(loaded, ids)
            for ids in passage_tokens(loaded.tokenizer, TEXTS, loaded.window)]
    assert nats_a_token(loaded, whole, TEXTS) == pytest.approx(
        sum(mean * tokens for mean, tokens in each) / sum(tokens for _, tokens in each), rel=1e-4)


def test_a_passage_is_cut_to_the_window(loaded):
    (ids,) = passage_tokens(loaded.tokenizer, ["the " * 60], 16)
    assert len(ids) == 16
