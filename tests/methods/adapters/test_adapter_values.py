"""Values that PEFT leaves to its user, and what PEFT does with a model it does not know."""

import dataclasses

import pytest
import torch
from peft import AdaLoraConfig, get_peft_model
from peft.mapping import PEFT_TYPE_TO_TUNER_MAPPING
from peft.utils.peft_types import PeftType
from transformers import AutoModelForSequenceClassification, DistilBertConfig, DistilBertForMaskedLM

from harness.backbones.blocks import norm_layers
from harness.backbones.handle import Handle
from harness.backbones.load import load_classifier, load_tokenizer
from harness.common.clock import Clock
from harness.common.device import Device
from harness.methods.adapters.presets import AnyPeft
from harness.methods.adapters.running import orthogonality
from harness.methods.adapters.values import completed
from harness.methods.job import Job
from harness.methods.learning.trials import fit_once
from harness.tasks.task import load_task

UNKNOWN = "distilbert"
"""A model type for which PEFT has no default targets."""


@pytest.fixture
def distilbert(encoder, tmp_path):
    torch.manual_seed(0)
    vocabulary = load_tokenizer(encoder)
    vocabulary.save_pretrained(tmp_path)
    DistilBertForMaskedLM(DistilBertConfig(
        vocab_size=len(vocabulary), dim=48, hidden_dim=60, n_layers=2, n_heads=2,
        max_position_embeddings=256, pad_token_id=0)).save_pretrained(tmp_path)
    return Handle("distilbert", "encoder", tmp_path, "f" * 64, "tiny")


@pytest.fixture
def job(loaded, distilbert):
    task = load_task(loaded)
    splits = task.splits.sample(8, 4, 6)
    budget = loaded.suite.budget.model_copy(update={"epochs": 2, "steps": 1, "batch": 3})
    return Job(task=dataclasses.replace(task, splits=splits), train=splits.train,
               validation=splits.validation, budget=budget, seed=0, clock=Clock(),
               device=Device("cpu", "test", "no", 1), store=None, backbone=distilbert)


def values(tuner, options, job):
    loaded = load_classifier(job.need_backbone(), job.task.labels, "cpu")
    return completed(PeftType(tuner), options, loaded, job)


def test_peft_does_not_know_this_model():
    mappings = [getattr(tuner, "target_module_mapping", None) or {}
                for tuner in PEFT_TYPE_TO_TUNER_MAPPING.values()]
    assert sum(map(bool, mappings)) > 30
    assert not any(UNKNOWN in mapping for mapping in mappings)


@pytest.mark.parametrize("tuner", ["LORA", "VERA", "IA3", "ADALORA", "OFT"])
def test_a_model_that_peft_does_not_know_has_all_its_linear_layers_tuned(tuner, job, tmp_path):
    chosen = fit_once(AnyPeft({"peft_type": tuner}), job, {"learning_rate": 1e-3})
    tuned = set(chosen.fit.fitted.loaded.model.targeted_module_names)
    linear = ("attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin",
              "ffn.lin1", "ffn.lin2")
    assert tuned >= {f"distilbert.transformer.layer.{i}.{name}" for i in (0, 1) for name in linear}
    assert "classifier" not in tuned
    (tmp_path / "adapter").mkdir()
    chosen.fit.fitted.save(tmp_path / "adapter")
    test = job.task.splits.test
    again = AnyPeft({"peft_type": tuner}).load(job, chosen.setting, tmp_path / "adapter")
    torch.testing.assert_close(again.predict(test, Clock()),
                               chosen.fit.fitted.predict(test, Clock()))


def test_a_value_of_the_user_s_stands(job):
    given = {"target_modules": ["query"], "block_size": 4, "num_virtual_tokens": 3}
    assert values("C3A", {n: given[n] for n in ("target_modules", "block_size")}, job) == {
        "target_modules": ["query"], "block_size": 4}
    assert values("PROMPT_TUNING", {"num_virtual_tokens": 3}, job) == {"num_virtual_tokens": 3}


def test_a_size_that_must_divide_the_widths_does(job):
    # Widths 48 and 60; PEFT's 256 has 4 in common with both.
    assert values("C3A", {}, job)["block_size"] == 4
    assert values("VBLORA", {}, job)["vector_length"] == 4
    assert values("GRALORA", {}, job)["gralora_k"] == 2


def test_norm_layers_are_found_by_their_shape(distilbert):
    names = norm_layers(load_classifier(distilbert, ("a", "b"), "cpu").model)
    assert len(names) == 5  # of the embeddings, and two a block
    assert all(name.lower().endswith("norm") for name in names)


def test_the_schedule_spans_the_training(job):
    # 8 items in batches of 3 are 3 steps an epoch, for 2 epochs.
    assert values("ADALORA", {}, job)["total_step"] == 6


def test_tokens_of_every_input_are_those_that_each_text_has(job, distilbert):
    tokenizer = load_tokenizer(distilbert)
    found = values("TRAINABLE_TOKENS", {}, job)["token_indices"]
    read = [tokenizer(e.text, truncation=True, max_length=32)["input_ids"] for e in job.train]
    assert {tokenizer.cls_token_id, tokenizer.sep_token_id} <= set(found)
    for token in range(len(tokenizer)):
        assert (token in found) == all(token in ids for ids in read)


def test_the_penalty_is_what_peft_adds_to_its_own_loss(encoder):
    torch.manual_seed(0)
    plain = AutoModelForSequenceClassification.from_pretrained(encoder.path, num_labels=2)
    model = get_peft_model(plain, AdaLoraConfig(
        task_type="SEQ_CLS", total_step=9, init_r=4, target_modules="all-linear"))
    ids, labels = torch.tensor([[5, 6, 7]]), torch.tensor([1])
    model.eval()
    whole = model(input_ids=ids, labels=labels).loss
    task = torch.nn.functional.cross_entropy(model(input_ids=ids).logits, labels)
    torch.testing.assert_close(orthogonality(model), whole - task, atol=1e-5, rtol=1e-5)
