"""An item alone is the item in a batch: every family, tuner and side that a tokenizer pads on.

Cases left-padding, empty-text, fnet-features and end-token-in-text.
"""

import dataclasses
import json
import shutil
from functools import cache
from itertools import chain

import numpy as np
import pytest
import torch
from families import (
    DECODERS,
    ENCODERS,
    PADDED_OTHERWISE,
    SEQ2SEQ,
    move_what_learns,
    write_family,
)

from harness.backbones.batches import Cut
from harness.backbones.encoding.encode import encode
from harness.backbones.encoding.features import FeatureStore, pooled, pooled_texts
from harness.backbones.encoding.padding import Padding
from harness.backbones.handle import folder_handle
from harness.backbones.load import load_causal, load_classifier, load_tokenizer
from harness.backbones.prompting.generate import greedy
from harness.backbones.prompting.options import option_tree
from harness.backbones.prompting.score import read_prefix, score_options
from harness.common.clock import Clock
from harness.common.device import Device
from harness.methods import register_all
from harness.methods.features import Features
from harness.methods.job import Job
from harness.methods.learning.encoder import EncoderClassifier, EncoderLearner
from harness.methods.link import LINKS
from harness.methods.method import METHODS
from harness.suite import Budget
from harness.tasks.examples import Example
from harness.tasks.task import load_task

register_all()
CPU = Device("cpu", "test", "no", 1)
CLASSES = ("fruit", "metal", "metal alloy")
TEXTS = ["old pear", "", "a page that ends</s> here [SEP] and <pad> goes on", "zinc",
         "the very old iron with some red copper and new tin of lead n17", "   ", "plum of steel"]
ITEMS = [Example(str(i), text, None, i % 3, "g", {}) for i, text in enumerate(TEXTS)]
CLASSIFIERS = ENCODERS | PADDED_OTHERWISE | DECODERS
SIDES = ("left", "right")
VIRTUAL = ("prefix-tuning", "prompt-tuning", "p-tuning", "multitask-prompt-tuning")


@pytest.fixture(scope="module")
def handles(tmp_path_factory):
    """A family's folder, its tokenizer padding on a side."""
    @cache
    def written(family):
        return write_family(family, tmp_path_factory.mktemp(family))

    @cache
    def make(family, side="left"):
        folder = tmp_path_factory.mktemp(f"{family}-{side}") / "model"
        shutil.copytree(written(family), folder)
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"padding_side": side}))
        handle = folder_handle(folder)
        assert load_tokenizer(handle).padding_side == side
        return handle

    return make


@pytest.fixture
def job(loaded):
    def make(handle, examples=ITEMS) -> Job:
        return Job(task=load_task(loaded), train=tuple(examples), validation=tuple(examples),
                   budget=Budget(epochs=1, steps=1, batch=4, max_length=64), seed=0, device=CPU,
                   clock=Clock(), store=FeatureStore(None),
                   backbone=dataclasses.replace(handle, kind="encoder"))

    return make


def classifier(loaded, longest=64):
    torch.manual_seed(3)
    for parameter in loaded.fresh.values():  # near zero as drawn, where it would tell little
        torch.nn.init.normal_(parameter, std=0.5)
    return EncoderClassifier(loaded, longest, CPU, lambda *_: None, LINKS["classification"])


def check_alone(answer, items=ITEMS, atol=2e-5):
    together = answer(items)
    assert np.isfinite(together).all()
    assert np.ptp(together, axis=0).max() > 1e-3, "every text has the same answer"
    for i, item in enumerate(items):
        np.testing.assert_allclose(answer([item])[0], together[i], atol=atol)
        np.testing.assert_allclose(answer([items[4], item])[1], together[i], atol=atol)
    return together


@pytest.mark.parametrize("family", CLASSIFIERS)
def test_a_classifier_answers_an_item_as_it_does_alone(family, handles):
    """Cases left-padding and empty-text."""
    answers = [check_alone(classifier(load_classifier(handles(family, side), CLASSES, "cpu"))
                           .probabilities) for side in SIDES]
    np.testing.assert_allclose(*answers, atol=2e-5)


@pytest.mark.parametrize("family", CLASSIFIERS | SEQ2SEQ)
def test_frozen_features_are_an_item_s_own(family, handles):
    """Cases left-padding, empty-text and fnet-features."""
    def encoder(side):
        featurizer = pooled(handles(family, side), 64, CPU)
        store = FeatureStore(None)
        return lambda items: store.features(featurizer, items, Clock(), "encode")

    np.testing.assert_allclose(*[check_alone(encoder(side)) for side in SIDES], atol=2e-5)


@pytest.mark.parametrize(("family", "padding"), [
    ("bert", Padding.RIGHT), ("gpt2", Padding.RIGHT), ("llama", Padding.RIGHT),
    ("xlnet", Padding.LEFT), ("convbert", Padding.NONE), ("nystromformer", Padding.NONE),
    ("fnet", Padding.NONE)])
def test_padding_is_what_the_model_bears(family, padding, handles):
    assert classifier(load_classifier(handles(family), CLASSES, "cpu")).padding is padding


def test_an_encoder_that_mixes_padding_in_answers_as_transformers_does_alone(handles):
    loaded = load_classifier(handles("convbert"), CLASSES, "cpu")
    answers = classifier(loaded).probabilities(ITEMS)
    for item, answer in zip(encode(loaded.tokenizer, ITEMS, 64), answers, strict=True):
        with torch.no_grad():
            logits = loaded.model(**{k: torch.tensor([v]) for k, v in item.items()}).logits
        np.testing.assert_allclose(logits.double().softmax(dim=1)[0], answer, atol=1e-6)


@pytest.mark.parametrize("family", ["gpt2", "xlnet", "convbert", "fnet"])
def test_a_batch_s_loss_is_the_sum_of_its_items_losses(family, handles, job):
    here = job(handles(family))
    learner = EncoderLearner(classifier(load_classifier(here.backbone, CLASSES, "cpu")), here)
    everything = list(range(len(ITEMS)))
    with torch.no_grad():
        alone = sum(float(learner.loss([i])) for i in everything)
        parts = learner.passes(everything, Cut(4, 10_000))
        assert sorted(chain(*parts)) == everything
        assert sum(float(learner.loss(part)) for part in parts) == pytest.approx(alone, rel=1e-5)


@pytest.mark.parametrize("family", ["bert", "roberta", "gpt2", "llama", "qwen2"])
@pytest.mark.parametrize("method", [*(name for name in VIRTUAL if "encoder" not in METHODS[
    name].fails), "lora", "ia3"])
def test_a_tuned_classifier_answers_an_item_as_it_does_alone(method, family, handles, job):
    """Virtual tokens on rotary decoders among them: far from an item where padding lies between."""
    here = job(handles(family))
    loaded = load_classifier(here.backbone, CLASSES, "cpu")
    torch.manual_seed(2)
    METHODS[method]({}).prepare(loaded, here)
    move_what_learns(loaded.model)
    found = classifier(loaded)
    check_alone(found.probabilities)
    if (method, family) != ("prefix-tuning", "roberta"):  # PEFT loses the states on the way
        check_alone(lambda items: pooled_texts(loaded, [e.text for e in items], 64, CPU))


@pytest.mark.parametrize("family", DECODERS)
@pytest.mark.parametrize("method", ["zero-shot", "prefix-tuning", "prompt-tuning"])
def test_a_decoder_asks_and_writes_of_an_item_as_it_does_alone(method, family, handles, job):
    handle = handles(family)
    loaded = load_causal(handle, "cpu")
    if method in VIRTUAL:
        METHODS[method]({"num_virtual_tokens": 4}).prepare(
            loaded, dataclasses.replace(job(handle), backbone=handle))
    loaded.model.eval()
    pad, end = loaded.tokenizer.pad_token_id, loaded.tokenizer.eos_token_id
    items = [[20], [31, 32, 33], list(range(40, 61))]
    tree = option_tree([[50, 51, end], [50, 52, end], [53, end]])
    with torch.no_grad():
        prefix = read_prefix(loaded.model, [11, 12, 13])
        scored = score_options(loaded.model, prefix, items, [tree] * 3, pad)
        written = greedy(loaded.model, prefix, items, 6, pad, [end])
        for item, scores, words in zip(items, scored, written, strict=True):
            alone, = score_options(loaded.model, prefix, [item], [tree], pad)
            torch.testing.assert_close(alone, scores, atol=1e-4, rtol=0)
            assert greedy(loaded.model, prefix, [item], 6, pad, [end]) == [words]


def test_a_text_without_tokens_is_the_end_token(handles):
    """Case empty-text: none of it is padding's doing."""
    tokenizer = load_tokenizer(handles("gpt2"))
    assert encode(tokenizer, ITEMS[1:2], 64) == [
        {"input_ids": [tokenizer.eos_token_id], "attention_mask": [1]}]
    loaded = load_classifier(handles("gpt2"), CLASSES, "cpu")
    answers = classifier(loaded).probabilities(ITEMS)
    with torch.no_grad():
        logits = loaded.model(input_ids=torch.tensor([[tokenizer.eos_token_id]])).logits
    np.testing.assert_allclose(answers[1], logits[0].double().softmax(0), atol=1e-6)


@pytest.mark.parametrize("texts", [[""] * 3 + ["old pear", "zinc"], [""] * 4])
def test_texts_without_tokens_are_learned_from(texts, handles, job):
    """Case empty-text, in training."""
    here = job(handles("gpt2"), [Example(str(i), text, None, i % 2, "g", {})
                                 for i, text in enumerate(texts)])
    for method in (METHODS["lora"]({}), Features({})):
        fit = method.fit(here, method.settings(here)[0])
        assert np.isfinite(fit.fitted.predict(here.train, Clock())).all()


@pytest.mark.parametrize("family", ENCODERS | PADDED_OTHERWISE | SEQ2SEQ)
def test_a_special_token_s_name_is_letters(family, handles):
    """Case end-token-in-text."""
    tokenizer = load_tokenizer(handles(family))
    names = " ".join(tokenizer.all_special_tokens)
    read, plain = (item["input_ids"] for item in encode(tokenizer, [
        Example("0", text, None, 0, "g", {}) for text in (f"pear{names} plum", "pear plum")], 200))
    assert len(read) > len(plain) + 10
    special = sorted(i for i in plain if i in tokenizer.all_special_ids)
    assert sorted(i for i in read if i in tokenizer.all_special_ids
                  and i != tokenizer.unk_token_id) == special
