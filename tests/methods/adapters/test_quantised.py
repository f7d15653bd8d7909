"""Every tuner of the installed PEFT on weights in four and eight bits."""

import dataclasses

import numpy as np
import pytest
import torch
import yaml
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
from tiny_tokenizer import byte_tokenizer
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

import harness.backbones.handle as handle_module
from harness.backbones.flops import FlopCounter
from harness.backbones.handle import Handle, parameter_count
from harness.backbones.load import load_base, load_causal, load_with_head
from harness.backbones.quantised import held_in
from harness.common.clock import Clock
from harness.common.errors import CannotRunError, HarnessError
from harness.common.late import let_in
from harness.methods import register_all
from harness.methods.adapters.presets import AnyPeft
from harness.methods.adapters.running import UNFIT, UNQUANTISED
from harness.methods.adapters.tuners import UNABLE, method_name
from harness.methods.learning.trials import fit_once
from harness.methods.method import METHODS
from harness.methods.resolve import resolve
from harness.study.estimate.room import least_memory
from harness.study.planning.plan import make_plan
from harness.suite import load_suite
from harness.tasks.examples import asked

let_in()
from bitsandbytes.functional import dequantize_4bit  # noqa: E402  (it is kept out of other tests)
from bitsandbytes.nn import Linear4bit, Linear8bitLt  # noqa: E402

register_all()
IDS = torch.arange(5, 40)[None]
ABLE = [(tuner, quantize) for tuner in PEFT_TYPE_TO_CONFIG_MAPPING for quantize in UNQUANTISED
        if tuner not in UNFIT and "decoder" not in UNABLE.get(tuner, {})]


def whole_again(layer):
    """A quantised layer's weight in fp32, [out, in]."""
    if isinstance(layer, Linear4bit):
        return dequantize_4bit(layer.weight.data, layer.weight.quant_state).float()
    return layer.weight.CB.float() * layer.weight.SCB[:, None] / 127


@pytest.fixture(scope="module")
def handles(tmp_path_factory):
    """By what they are quantised to: a decoder, and another that holds what that one's layers
    stand for."""
    folder = tmp_path_factory.mktemp("whole")
    torch.manual_seed(0)
    tokenizer = byte_tokenizer(pair_template=False)
    LlamaForCausalLM(LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, intermediate_size=256, pad_token_id=0, bos_token_id=2,
        eos_token_id=3)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    plain = Handle("whole", "decoder", folder, "w" * 64, "tiny")
    found = {}
    for quantize in UNQUANTISED:
        quantised = dataclasses.replace(plain, quantize=quantize)
        again = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        for name, layer in load_unscored(quantised).named_modules():
            if isinstance(layer, Linear4bit | Linear8bitLt):
                again.model.get_submodule(name).weight.data = whole_again(layer)
        copy = tmp_path_factory.mktemp(quantize)
        again.save_pretrained(copy)
        tokenizer.save_pretrained(copy)
        found[quantize] = quantised, dataclasses.replace(plain, path=copy)
    return found


def load_unscored(handle):
    """Its layers as they are read, before anything was asked of them."""
    return load_base(handle, "cpu").model


def edit(path, change):
    suite = yaml.safe_load(path.read_text())
    change(suite)
    path.write_text(yaml.safe_dump(suite, sort_keys=False))


def answers(handle, tuner, job):
    """Of a tuner whose weights are not those that it begins with, and whether it could learn."""
    job = dataclasses.replace(job(), backbone=handle)
    loaded = load_causal(handle, "cpu")
    torch.manual_seed(0)
    AnyPeft({"peft_type": tuner.value}).prepare(loaded, job)
    loaded.model.train()
    torch.manual_seed(1)
    with torch.no_grad():
        for _, parameter in sorted(loaded.model.named_parameters()):
            if parameter.requires_grad:
                parameter.add_(0.05 * torch.randn(parameter.shape))
    torch.manual_seed(2)
    said = loaded.model(input_ids=IDS).logits[:, -IDS.shape[1]:]
    said.square().mean().backward()
    learns = any(p.grad is not None and bool(p.grad.any()) for p in loaded.model.parameters())
    return said.detach(), learns


@pytest.mark.parametrize(("tuner", "quantize"), ABLE,
                         ids=[f"{method_name(t)}-{q}" for t, q in ABLE])
def test_a_tuner_answers_by_the_weights_that_the_bytes_stand_for_or_is_refused(
        tuner, quantize, handles, job):
    quantised, plain = handles[quantize]
    if tuner in UNQUANTISED[quantize]:
        with pytest.raises(CannotRunError, match="bytes"):
            answers(quantised, tuner, job)
        return
    try:
        said, learns = answers(quantised, tuner, job)
    except (CannotRunError, RuntimeError, AttributeError, TypeError, ValueError):
        return  # PEFT says so itself
    assert learns
    right, _ = answers(plain, tuner, job)
    assert float((said - right).norm() / right.norm()) < 1e-3


@pytest.mark.parametrize(("kind", "method", "quantize"), [
    *[(kind, method, quantize) for quantize in UNQUANTISED for kind, method in (
        ("encoder", "lora"), ("decoder", "lora"), ("decoder", "ia3"), ("decoder", "prompt-tuning"),
        ("seq2seq", "lora"))],
    ("encoder", "dora", "nf4")])
def test_a_method_fits_saves_and_loads_on_quantised_weights(kind, method, quantize, job, request,
                                                            tmp_path):
    backbone = dataclasses.replace(request.getfixturevalue(kind), quantize=quantize)
    here = dataclasses.replace(job(), backbone=backbone)
    made = METHODS[method]({})
    rate = {"learning_rate": 1e-3}
    fitted = fit_once(made, here, rate).fit.fitted
    held = held_in(fitted.loaded.model)
    assert held[quantize] > 0
    assert set(held) <= {quantize, "float32", "bfloat16"}  # biases, as products read them
    whole = sum(p.numel() for p in load_with_head(
        request.getfixturevalue(kind), here.outputs, "cpu").model.parameters())
    trainable, total = fitted.parameters
    assert whole <= total <= whole + 2 * trainable
    fitted.save(tmp_path)
    again = made.load(here, rate, tmp_path)
    items = asked(here.validation)
    assert np.array_equal(fitted.predict(items, Clock()), again.predict(items, Clock()))


@pytest.mark.parametrize("quantize", list(UNQUANTISED))
def test_an_item_alone_is_answered_as_among_others(quantize, job, encoder):
    here = dataclasses.replace(job(), backbone=dataclasses.replace(encoder, quantize=quantize))
    fitted = fit_once(METHODS["lora"]({}), here, {"learning_rate": 1e-3}).fit.fitted
    items = asked(here.validation)
    among = fitted.predict(items, Clock())
    alone = np.concatenate([fitted.predict([item], Clock()) for item in items])
    assert np.allclose(among, alone, atol=1e-3)


def test_own_parameters_of_a_quantised_backbone_do_not_learn(suite_file):
    edit(suite_file, lambda suite: suite["backbones"]["enc"].update(quantize="nf4"))
    text = suite_file.read_text()
    for method in ("full", "selective", "bitfit"):
        suite_file.write_text(text)
        edit(suite_file, lambda suite, method=method: suite["backbones"]["enc"].update(
            methods=["lora", method]))
        with pytest.raises(HarnessError, match=f"{method}: 'enc' is quantised .nf4"):
            resolve(load_suite(suite_file))


def test_a_quantised_backbone_is_another_and_says_so(suite_file, device):
    edit(suite_file, lambda suite: suite["backbones"]["enc"].update(methods=["lora"]))
    plain = make_plan(load_suite(suite_file), device).backbones["enc"]
    edit(suite_file, lambda suite: suite["backbones"]["enc"].update(quantize="int8"))
    held = make_plan(load_suite(suite_file), device).backbones["enc"]
    assert held.sha256 != plain.sha256
    assert held.path == plain.path
    assert any("held in int8 (bitsandbytes" in note for note in held.notes)


@pytest.mark.parametrize(("quantize", "size"), [("nf4", 0.5), ("int8", 1.0)])
def test_the_least_memory_is_that_of_the_bytes(suite_file, device, quantize, size):
    edit(suite_file, lambda suite: suite["backbones"]["enc"].update(methods=["lora"],
                                                                    quantize=quantize))
    plan = make_plan(load_suite(suite_file), device)
    run = next(run for run in plan.runs if run.identity.label == "lora")
    handle = plan.backbones["enc"]
    assert least_memory(handle, run, device) == size * parameter_count(handle)


def test_without_the_library_the_suite_says_what_to_install(suite_file, device, monkeypatch):
    edit(suite_file, lambda suite: suite["backbones"]["enc"].update(methods=["lora"],
                                                                    quantize="nf4"))
    monkeypatch.setattr(handle_module, "LATE", "no-such-library")
    with pytest.raises(HarnessError, match="needs no-such-library, which is not"):
        make_plan(load_suite(suite_file), device)


def test_products_with_quantised_weights_are_counted_as_others(handles):
    for quantised, plain in handles.values():
        counts = []
        for handle in (quantised, plain):
            model = load_causal(handle, "cpu").model.eval()
            with torch.no_grad(), FlopCounter() as counter:
                model(input_ids=IDS)
            counts.append(counter.total)
        assert counts[0] == counts[1] > 0


@pytest.mark.parametrize("quantize", list(UNQUANTISED))
def test_a_model_that_has_answered_learns_as_before(quantize, handles, job):
    quantised, _ = handles[quantize]
    here = dataclasses.replace(job(), backbone=quantised)
    loaded = load_causal(quantised, "cpu")
    AnyPeft({"peft_type": "LORA", "init_lora_weights": False}).prepare(loaded, here)

    def gradients():
        loaded.model.train().zero_grad()
        loaded.model(input_ids=IDS).logits.square().mean().backward()
        return {name: p.grad.clone() for name, p in loaded.model.named_parameters()
                if p.grad is not None}

    before = gradients()
    with torch.inference_mode():
        loaded.model.eval()(input_ids=IDS)
    after = gradients()
    assert set(after) == set(before)
    assert all(bool(gradient.any()) for gradient in after.values())
    for name, gradient in before.items():
        assert torch.equal(gradient, after[name]), name
