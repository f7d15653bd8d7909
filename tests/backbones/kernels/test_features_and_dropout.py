from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from torch import nn

from harness.backbones.batches import Cut, by_length, passes, shuffled
from harness.backbones.blocks import classification_head, transformer_blocks
from harness.backbones.encoding.features import FeatureStore, pooled
from harness.backbones.handle import parameter_count
from harness.backbones.kernels.attention import speed_up_attention
from harness.backbones.kernels.dropout import FastDropout, keep_mask, speed_up_dropout
from harness.backbones.load import load_base, load_classifier
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import CannotRunError
from harness.tasks.examples import Example

TEXTS = [Example(str(i), text, None, 0, "g", {}) for i, text in enumerate(
    ["old iron", "apple pear plum cherry grape melon", "tin"])]


def test_pooled_features_equal_sentence_transformers(encoder):
    fp32 = Device("cpu", "test", "no", 1)
    vectors = FeatureStore(None).features(pooled(encoder, 32, fp32), TEXTS, Clock(), "encode")
    transformer = Transformer(str(encoder.path))
    reference = SentenceTransformer(modules=[
        transformer, Pooling(transformer.get_embedding_dimension(), pooling_mode="mean")],
        device="cpu")
    expected = reference.encode([e.text for e in TEXTS])
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_a_kept_set_is_not_encoded_again_and_its_cost_is_remembered(encoder, device, tmp_path):
    first, again, third = Clock(), Clock(), Clock()
    featurizer = pooled(encoder, 32, device)
    a = FeatureStore(tmp_path).features(featurizer, TEXTS, first, "encode")
    other = FeatureStore(tmp_path)
    b = other.features(featurizer, TEXTS, again, "encode")
    other.features(featurizer, TEXTS, third, "encode")
    assert np.array_equal(a, b)
    assert again.spent == {}
    assert again.saved["encode"] == pytest.approx(first.spent["encode"], rel=0.5, abs=0.01)
    assert third.stand_alone() == 0.0


def test_parameters_are_counted_from_the_header(encoder):
    model = load_base(encoder, "cpu").model
    saved = sum(p.numel() for p in model.parameters())
    # The folder also holds the masked-language-model head; base weights are the larger part.
    assert parameter_count(encoder) > saved * 0.9


def test_blocks_and_head_are_found(encoder):
    model = load_classifier(encoder, ("a", "b"), "cpu").model
    assert len(transformer_blocks(model)) == 2
    names = {n for n, p in model.named_parameters()
             if any(p is q for m in classification_head(model) for q in m.parameters())}
    assert names == {"classifier.weight", "classifier.bias", "bert.pooler.dense.weight",
                     "bert.pooler.dense.bias"}
    with pytest.raises(CannotRunError, match="no stack of equal blocks"):
        transformer_blocks(nn.Linear(2, 2))


def test_dropout_drops_its_share_and_keeps_the_mean():
    torch.manual_seed(0)
    x = torch.ones(200_000, requires_grad=True)
    y = FastDropout(0.1).train()(x)
    # Standard error of the share: sqrt(.1 * .9 / 200000) = .0007.
    assert float((y == 0).float().mean()) == pytest.approx(0.1, abs=0.004)
    assert float(y.detach().mean()) == pytest.approx(1.0, abs=0.005)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())
    assert torch.equal(FastDropout(0.1).eval()(x), x)
    # Each of the four elements that share a random word drops alike.
    shares = keep_mask(torch.Size([50_000, 4]), 0.1).ne(0).float().mean(0)
    torch.testing.assert_close(shares, torch.full((4,), 0.9), atol=0.01, rtol=0)


def test_replacing_dropout_leaves_predictions_as_they_were(encoder):
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(0)
    plain = AutoModelForSequenceClassification.from_pretrained(encoder.path).eval()
    torch.manual_seed(0)
    quick = AutoModelForSequenceClassification.from_pretrained(encoder.path).eval()
    speed_up_dropout(quick)
    speed_up_attention(quick)
    ids = torch.randint(5, 100, (3, 12))
    mask = torch.ones_like(ids)
    mask[0, 8:] = 0
    with torch.no_grad():
        expected = plain(input_ids=ids, attention_mask=mask).logits
        torch.testing.assert_close(quick(input_ids=ids, attention_mask=mask).logits, expected)
    # With attention dropped explicitly but p tiny, training mode gives the same too.
    quick.train()
    for module in quick.modules():
        if isinstance(module, FastDropout):
            module.p = 0.0
    torch.testing.assert_close(quick(input_ids=ids, attention_mask=mask).logits, expected,
                               atol=1.0, rtol=0)
    assert any(isinstance(m, FastDropout) for m in quick.modules())


def padding(batches, lengths):
    """Padded over real tokens."""
    return sum(len(b) * max(lengths[i] for i in b) for b in batches) / sum(lengths)


LENGTHS = [int(n) for n in np.random.default_rng(0).integers(5, 100, 205)]


def test_inference_batches_hold_like_lengths_together():
    batches = by_length(LENGTHS, 16)
    assert sorted(i for batch in batches for i in batch) == list(range(205))
    assert max(map(len, batches)) == 16
    assert padding(batches, LENGTHS) < 1.1


def test_epochs_are_random_batches_drawn_by_seed():
    assert shuffled(205, 16, "0:0") == shuffled(205, 16, "0:0")
    assert sorted(i for batch in shuffled(205, 16, "0:0") for i in batch) == list(range(205))
    first, second = ({frozenset(b) for b in shuffled(205, 16, f"0:{epoch}")} for epoch in (0, 1))
    assert not first & second


def test_passes_cut_a_batch_where_padding_costs_more_than_another_pass():
    batch = shuffled(205, 16, "0:0")[0]
    parts = passes(batch, LENGTHS, Cut(16, 64))
    assert sorted(i for part in parts for i in part) == sorted(batch)
    assert 1 < len(parts) < 6
    assert padding(parts, {i: LENGTHS[i] for i in batch}) < 1.3
    assert len(passes(batch, LENGTHS, Cut(16, 10_000))) == 1
    assert max(map(len, passes(batch, LENGTHS, Cut(3, 10_000)))) == 3


@given(st.lists(st.integers(1, 50), min_size=1, max_size=7), st.integers(1, 7), st.integers(0, 90),
       st.integers(1, 200))
def test_passes_do_the_least_work_of_all_cuts_that_there_is_room_for(lengths, most, overhead, room):
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])

    def work(parts):
        return sum(len(p) * max(lengths[i] for i in p) + overhead for p in parts)

    cuts = ([order[a:b] for a, b in pairwise([0, *where, len(order)])]
            for r in range(len(order)) for where in combinations(range(1, len(order)), r))
    def fits(part):
        return len(part) == 1 or (len(part) <= most
                                  and len(part) * max(lengths[i] for i in part) <= room)

    least = min(work(parts) for parts in cuts if all(map(fits, parts)))
    assert work(passes(range(len(lengths)), lengths, Cut(most, overhead, room))) == least
