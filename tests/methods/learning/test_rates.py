"""Rates by layer, and top blocks drawn anew."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from families import FAMILIES, kind_of, write_family
from transformers import AutoModelForSequenceClassification, BertConfig

from harness.backbones.blocks import freeze, reinitialise, transformer_blocks, unfreeze
from harness.backbones.handle import folder_handle
from harness.backbones.load import load_classifier, load_with_head
from harness.common.clock import Clock
from harness.methods import register_all
from harness.methods.learning.rates import Rates, rate_groups
from harness.methods.learning.trials import fit_once
from harness.methods.method import METHODS
from harness.methods.whole import load_model

register_all()
CLASSES = ("a", "b", "c")


def bert(layers=4):
    torch.manual_seed(0)
    return AutoModelForSequenceClassification.from_config(BertConfig(
        vocab_size=99, hidden_size=16, num_hidden_layers=layers, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=40, num_labels=3))


def rates_by_name(model, groups):
    names = {id(p): name for name, p in model.named_parameters()}
    return {names[id(p)]: group["lr"] for group in groups for p in group["params"]}


def test_each_block_has_the_factor_of_the_one_above():
    model = bert()
    found = rates_by_name(model, rate_groups(model, 1e-3, 0.5))
    assert set(found) == {name for name, _ in model.named_parameters()}
    expected = {"classifier": 1e-3, "bert.pooler": 1e-3, "bert.embeddings": 1e-3 * 0.5 ** 4,
                **{f"bert.encoder.layer.{i}": 1e-3 * 0.5 ** (3 - i) for i in range(4)}}
    for name, rate in found.items():
        prefix, = (prefix for prefix in expected if name.startswith(prefix))
        assert rate == pytest.approx(expected[prefix]), name


def test_what_does_not_learn_is_in_no_group_and_without_decay_there_is_one():
    model = bert()
    freeze(model)
    unfreeze(transformer_blocks(model)[-2:])
    groups = rate_groups(model, 1.0, 0.9)
    assert [group["lr"] for group in groups] == pytest.approx([1.0, 0.9])
    assert sum(len(g["params"]) for g in groups) == sum(p.requires_grad for p in
                                                        model.parameters())
    one, = rate_groups(model, 1.0, 1.0)
    assert len(one["params"]) == sum(len(g["params"]) for g in groups)


@pytest.mark.parametrize("family", FAMILIES)
def test_in_every_family_embeddings_learn_slowest_and_heads_fastest(family, tmp_path):
    handle = folder_handle(write_family(family, tmp_path))
    model = load_with_head(handle, CLASSES, "cpu").model
    unfreeze([model])
    groups = rate_groups(model, 1.0, 0.5)
    found = rates_by_name(model, groups)
    blocks = transformer_blocks(model)
    assert len(found) == len(dict(model.named_parameters()))
    assert len(groups) == len(blocks) + 1
    table = next(name for name, p in model.named_parameters()
                 if p is model.get_input_embeddings().weight)
    assert found[table] == 0.5 ** len(blocks)
    if kind_of(family) == "encoder":
        heads = [rate for name, rate in found.items() if name.startswith(("classifier", "head"))]
        assert heads
        assert set(heads) == {1.0}


def test_a_step_moves_deep_layers_less(job):
    moved = {}
    for decay in (1.0, 0.2):
        here = job(batch=16)
        before = {n: p.detach().clone() for n, p in load_model(here).model.named_parameters()}
        fitted = fit_once(METHODS["full"]({"layer_decay": decay}), here,
                          {"learning_rate": 1e-3}).fit.fitted
        after = dict(fitted.loaded.model.named_parameters())
        blocks = [next(n for n in before if f"layer.{i}." in n and "query.weight" in n)
                  for i in (0, 1)]
        moved[decay] = [float((after[n].detach() - before[n]).abs().max()) for n in blocks]
    assert moved[1.0][0] == pytest.approx(moved[1.0][1], rel=0.2)  # Adam's first steps are signs
    assert moved[0.2][0] == pytest.approx(0.2 * moved[0.2][1], rel=0.2)


def test_blocks_drawn_anew_are_as_transformers_draws_them(tmp_path):
    handle = folder_handle(write_family("bert", tmp_path))
    model = load_classifier(handle, CLASSES, "cpu").model
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    torch.manual_seed(1)
    reinitialise(model, 1)
    top = f"bert.encoder.layer.{len(transformer_blocks(model)) - 1}."
    for name, parameter in model.named_parameters():
        if not name.startswith((top, "bert.pooler")):
            assert torch.equal(parameter, before[name]), name
        elif "LayerNorm.weight" in name:
            assert (parameter == 1).all(), name
        elif name.endswith("bias"):
            assert (parameter == 0).all(), name
        else:
            assert not torch.equal(parameter, before[name]), name
            assert float(parameter.std()) == pytest.approx(model.config.initializer_range,
                                                           rel=0.15), name


@pytest.mark.parametrize("pooling", ["trained", "mean"])
@pytest.mark.parametrize("name", ["full", "selective"])
def test_a_model_with_blocks_drawn_anew_is_saved_and_loaded(name, pooling, job, tmp_path):
    here = job()
    method = METHODS[name]({"reinitialise": 1, "layer_decay": 0.9, "warmup": 0.3,
                            "pooling": pooling})
    test, setting = here.task.splits.test[:9], {"learning_rate": 1e-3}
    fitted = fit_once(method, here, setting).fit.fitted
    fitted.save(tmp_path)
    again = method.load(here, setting, tmp_path)
    np.testing.assert_allclose(again.predict(test, Clock()), fitted.predict(test, Clock()),
                               atol=1e-6 if here.device.autocast == "no" else 2e-4)


def test_what_cannot_be_is_refused(decoder):
    with pytest.raises(ValueError, match="only 2 learn"):
        METHODS["selective"]({"reinitialise": 3})
    assert "for encoders" in METHODS["full"]({"reinitialise": 1}).cannot(decoder)
    assert METHODS["full"]({"layer_decay": 0.9}).cannot(decoder) is None
    assert METHODS["full"]({"layer_decay": 0.9}).pacing == Rates(0.9)


@pytest.mark.parametrize(("name", "centres"), [
    ("full", (1e-4, 5e-5, 1e-4, 3e-5)), ("selective", (3e-4, 1e-4, 3e-4, 9e-5)),
    ("bitfit", (1e-3, 1e-3, 1e-3, 3e-4)), ("lora", (1e-3, 5e-4, 1e-3, 3e-4)),
    ("ia3", (5e-3, 5e-3, 3e-3, 1.5e-3)), ("prompt-tuning", (3e-2, 1e-2, 3e-2, 9e-3)),
    ("vera", (1e-3, 5e-4, 1e-3, 3e-4))])
def test_a_grid_begins_at_the_method_s_rate_times_the_scale_of_the_backbone(name, centres):
    made = METHODS[name]({})
    for kind, centre in zip(("encoder", "decoder", "seq2seq", "image"), centres, strict=True):
        job = SimpleNamespace(need_backbone=lambda kind=kind: SimpleNamespace(kind=kind))
        rates = [setting["learning_rate"] for setting in made.settings(job)]
        assert rates[:3] == pytest.approx([centre, 3 * centre, centre / 3], rel=1e-5)
