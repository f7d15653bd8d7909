"""Scores of pairs, against sentence-transformers' own cross-encoder."""

import dataclasses

import numpy as np
import pytest
import torch
from sentence_transformers import CrossEncoder
from tiny_tokenizer import byte_tokenizer
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from harness.backbones.checkpoint import check_reranker
from harness.backbones.encoding.features import FeatureStore, cross_encoder
from harness.backbones.handle import Handle
from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.tasks.examples import Item

SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
         "intermediate_size": 64, "max_position_embeddings": 128, "pad_token_id": 0}
PAIRS = [("who rules?", "Queen Ada rules Riverton."), ("what", "a [SEP] b " * 30), ("", "x"),
         ("a longer question about owls and pies?", "pie"), ("who rules?", "Nobody rules here.")]


def saved(folder, made, config, labels=1):
    torch.manual_seed(1)
    tokenizer = byte_tokenizer(pair_template=True)
    made(config(vocab_size=len(tokenizer), num_labels=labels, **SHAPE)).save_pretrained(folder)
    tokenizer.model_max_length = 64
    tokenizer.save_pretrained(folder)
    return Handle("ranker", "encoder", folder, f"{labels}{made.__name__}", "tiny")


@pytest.mark.parametrize(("made", "config"), [
    (BertForSequenceClassification, BertConfig), (RobertaForSequenceClassification, RobertaConfig)])
def test_scores_are_those_of_sentence_transformers(tmp_path, device, made, config):
    handle = saved(tmp_path, made, config)
    exact = dataclasses.replace(device, autocast="no")
    items = [Item(str(i), *pair) for i, pair in enumerate(PAIRS)]
    ours = FeatureStore(None).features(cross_encoder(handle, 64, exact), items, Clock(), "rerank")
    # A special token's name in a text is letters to us, and a token to them.
    theirs = CrossEncoder(str(tmp_path), max_length=64).predict(
        [(q, p.replace("[SEP]", "SEP")) for q, p in PAIRS], activation_fn=torch.nn.Identity())
    plain = [i for i, (_, passage) in enumerate(PAIRS) if "[SEP]" not in passage]
    assert ours.shape == (len(PAIRS), 1)
    assert ours[plain, 0] == pytest.approx(theirs[plain], abs=1e-5)
    assert len(set(np.round(ours[:, 0], 6))) > 3


def test_a_head_of_several_numbers_ranks_nothing(tmp_path):
    handle = saved(tmp_path, BertForSequenceClassification, BertConfig, labels=2)
    with pytest.raises(HarnessError, match="gives 2 numbers for a pair"):
        check_reranker(handle)


def test_a_model_without_a_head_is_refused_before_it_ranks_at_random(tmp_path):
    torch.manual_seed(1)
    config = BertConfig(vocab_size=300, num_labels=1, **SHAPE)
    BertForMaskedLM(config).save_pretrained(tmp_path)
    byte_tokenizer(pair_template=True).save_pretrained(tmp_path)
    with pytest.raises(HarnessError, match="answers would be random"):
        check_reranker(Handle("ranker", "encoder", tmp_path, "8" * 64, "tiny"))


def test_scores_are_told_apart_where_bf16_has_one_number_for_them(tmp_path, device):
    handle = saved(tmp_path, BertForSequenceClassification, BertConfig)
    items = [Item(str(i), "who rules?", f"Queen Ada rules {i}.") for i in range(40)]
    rounded = dataclasses.replace(device, autocast="bf16")
    scores = cross_encoder(handle, 64, rounded)
    found = FeatureStore(None).features(scores, items, Clock(), "rerank")
    as_bf16 = torch.from_numpy(found).bfloat16()
    assert len(np.unique(found)) > 2 * len(as_bf16.unique())
