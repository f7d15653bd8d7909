"""Adapters merged into the weights."""

import dataclasses

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from harness.backbones.load import Loaded, read_texts
from harness.backbones.quantised import held_in
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods import register_all
from harness.methods.adapters.merging import merge
from harness.methods.learning.trials import fit_once
from harness.methods.method import METHODS
from harness.tasks.examples import asked

register_all()
RATE = {"learning_rate": 1e-2}


def fitted(here, method, folder, options=None):
    made = METHODS[method](options or {})
    found = fit_once(made, here, RATE).fit.fitted
    found.save(folder)
    return made, found


def on(job, backbone, device, autocast="no"):
    return dataclasses.replace(job(), backbone=backbone,
                               device=dataclasses.replace(device, autocast=autocast))


@pytest.mark.parametrize(("kind", "method"), [
    ("encoder", "lora"), ("encoder", "dora"), ("encoder", "ia3"), ("decoder", "lora"),
    ("decoder", "adalora"), ("decoder", "vera"), ("decoder", "oft"), ("seq2seq", "lora")])
def test_a_merged_model_answers_what_the_adapter_answers(kind, method, job, device, request,
                                                         tmp_path):
    here = on(job, request.getfixturevalue(kind), device)
    made, apart = fitted(here, method, tmp_path)
    assert made.merges
    merged = made.merged(here, RATE, tmp_path)
    items = asked(here.validation)
    assert np.allclose(apart.predict(items, Clock()), merged.predict(items, Clock()), atol=1e-4)
    assert merged.parameters[0] == 0
    assert not any("lora" in name for name, _ in merged.loaded.model.named_parameters())


def test_under_bf16_it_is_merged_in_fp32_and_rounded_then(job, device, decoder, tmp_path):
    here = on(job, decoder, device, "bf16")
    made, _ = fitted(here, "lora", tmp_path)
    rounded = made.merged(here, RATE, tmp_path).loaded.model
    whole = made.merged(on(job, decoder, device), RATE, tmp_path).loaded.model
    assert set(held_in(rounded)) == {"bfloat16", "float32"}
    assert set(held_in(whole)) == {"float32"}
    for (name, one), (_, other) in zip(rounded.named_parameters(), whole.named_parameters(),
                                       strict=True):
        assert torch.equal(one, other.to(one.dtype)), name


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_merged_weights_can_be_quantised(kind, job, device, request, tmp_path):
    here = on(job, request.getfixturevalue(kind), device)
    made, _ = fitted(here, "lora", tmp_path)
    merged = made.merged(here, RATE, tmp_path, "nf4")
    assert held_in(merged.loaded.model)["nf4"] > 0
    assert np.isfinite(merged.predict(asked(here.validation), Clock())).all()


def test_what_was_tuned_on_four_bits_is_merged_into_the_whole_weights(job, device, decoder,
                                                                      tmp_path):
    here = on(job, dataclasses.replace(decoder, quantize="nf4"), device)
    made, apart = fitted(here, "lora", tmp_path)
    assert "nf4" in held_in(apart.loaded.model)
    assert set(held_in(made.merged(here, RATE, tmp_path).loaded.model)) == {"float32"}


def test_learned_inputs_and_own_weights_have_nothing_to_merge(job, device, decoder, tmp_path):
    here = on(job, decoder, device)
    for method in ("prompt-tuning", "prefix-tuning", "full", "zero-shot"):
        assert not METHODS[method]({}).merges
    with pytest.raises(CannotRunError, match="full has no update to merge"):
        METHODS["full"]({}).merged(here, RATE, tmp_path)
    made, _ = fitted(here, "prompt-tuning", tmp_path)
    with pytest.raises(CannotRunError, match="PEFT cannot merge it"):
        made.merged(here, RATE, tmp_path)


class Losing:
    """A PEFT model that forgets its update where it merges."""

    def __init__(self, model):
        self.model = model
        self.config = model.config

    def __call__(self, **given):
        return self.model(**given)

    def parameters(self):
        return self.model.parameters()

    def merge_and_unload(self, safe_merge):
        return self.model.unload()


def loaded_of(handle, model):
    return Loaded(model, read_texts(handle), 64)


def test_a_merge_that_says_something_else_is_refused(decoder):
    torch.manual_seed(0)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(decoder.path, dtype=torch.float32),
                           LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM",
                                      init_lora_weights=False)).eval()
    with pytest.raises(CannotRunError, match=r"something else .apart by"):
        merge(loaded_of(decoder, Losing(model)))
    sound = get_peft_model(
        AutoModelForCausalLM.from_pretrained(decoder.path, dtype=torch.float32),
        LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM"))
    assert type(merge(loaded_of(decoder, sound))).__name__ == "LlamaForCausalLM"
