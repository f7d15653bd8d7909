"""An encoder-decoder that answers through a head on its last end token, as transformers has it."""

import dataclasses

import numpy as np
import pytest
import torch
from families import write_family
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    BartForSequenceClassification,
    T5ForSequenceClassification,
)

from harness.backbones.encoding.features import pooled, pooled_texts
from harness.backbones.handle import Handle, _with_head
from harness.backbones.load import load_classifier
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import CannotRunError
from harness.methods import register_all
from harness.methods.learning.trials import fit_once
from harness.methods.method import METHODS
from harness.tasks.examples import Item, asked

register_all()
MADE = {"t5": T5ForSequenceClassification, "bart": BartForSequenceClassification}
CPU = Device("cpu", "test", "no", 1)
TEXTS = ["old pear", "zinc and iron of the sea"]
RATE = {"learning_rate": 1e-3}


@pytest.fixture(scope="module")
def handles(tmp_path_factory):
    return {family: _with_head(Handle(family, "seq2seq", write_family(
        family, tmp_path_factory.mktemp(family)), family[0] * 64, family), "encoder")
        for family in MADE}


@pytest.mark.parametrize("family", MADE)
def test_it_is_transformers_own_classifier(family, handles):
    torch.manual_seed(0)
    loaded = load_classifier(handles[family], ("a", "b", "c"), "cpu")
    torch.manual_seed(0)
    own = AutoModelForSequenceClassification.from_pretrained(handles[family].path, num_labels=3)
    assert type(loaded.model) is MADE[family] is type(own)
    ids = loaded.tokenizer("old pear", return_tensors="pt")["input_ids"]
    assert ids[0, -1] == loaded.model.config.eos_token_id
    with torch.no_grad():
        read = own.eval()(input_ids=ids).logits
        assert torch.equal(loaded.model(input_ids=ids).logits, read)
    assert any("last end token" in note for note in handles[family].notes)


@pytest.mark.parametrize("family", MADE)
def test_its_features_are_the_mean_of_its_encoder_s_states(family, handles):
    handle = handles[family]
    own = AutoModel.from_pretrained(handle.path).eval().get_encoder()
    tokens = load_classifier(handle, ("a", "b"), "cpu").tokenizer
    with torch.no_grad():
        wanted = np.stack([own(input_ids=tokens(text, return_tensors="pt")["input_ids"])
                           .last_hidden_state[0].mean(dim=0).numpy() for text in TEXTS])
    items = [Item(str(i), text, None) for i, text in enumerate(TEXTS)]
    assert np.allclose(pooled(handle, 64, CPU).connect()(items), wanted, atol=1e-5)
    # Forgetting looks at the same states of the model with its head.
    tuned = load_classifier(handle, ("a", "b"), "cpu")
    assert np.allclose(pooled_texts(tuned, TEXTS, 64, CPU), wanted, atol=1e-5)


@pytest.mark.parametrize("method", ["full", "selective", "bitfit", "lora"])
@pytest.mark.parametrize("family", MADE)
def test_it_learns_answers_items_alone_as_among_others_and_comes_back(family, method, handles, job,
                                                                      tmp_path):
    here = dataclasses.replace(job(), backbone=handles[family])
    made = METHODS[method]({})
    fit = fit_once(made, here, RATE).fit
    assert fit.training.curve[-1].train_loss > 0
    items = asked(here.validation)
    among = fit.fitted.predict(items, Clock())
    alone = np.concatenate([fit.fitted.predict([item], Clock()) for item in items])
    assert np.allclose(among, alone, atol=0.01)
    fit.fitted.save(tmp_path)
    assert np.array_equal(made.load(here, RATE, tmp_path).predict(items, Clock()), among)


def test_inputs_that_are_learned_are_refused(handles, job):
    here = dataclasses.replace(job(), backbone=handles["t5"])
    with pytest.raises(CannotRunError, match="last end token"):
        fit_once(METHODS["prompt-tuning"]({}), here, RATE)
