"""Every tuner of the installed PEFT on the packaged backbones, cut to two layers, and a T5."""

import dataclasses

import numpy as np
import peft
import pytest
import torch
import transformers
import yaml
from families import write_family
from naive import questions_one_by_one, scored
from peft import LilyConfig, get_peft_model
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
from peft.utils.peft_types import PeftType
from pictured import suite_of_pictures, write_pictures, write_processor
from tiny import sentences, suite_dict
from tiny_tokenizer import byte_tokenizer
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    BertConfig,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
    MPNetForSequenceClassification,
    T5Config,
    T5ForConditionalGeneration,
    ViTConfig,
    ViTModel,
)

from harness.backbones.encoding.features import FeatureStore
from harness.backbones.handle import KINDS, Handle, folder_handle
from harness.backbones.prompting.scoring_check import check_scoring
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import CannotRunError, HarnessError
from harness.methods import register_all
from harness.methods.adapters.presets import KEYLESS, AnyPeft
from harness.methods.adapters.running import KEYS_ALONE, UNFIT, keyless
from harness.methods.adapters.tuners import UNABLE, method_name
from harness.methods.catalogue import catalogue
from harness.methods.job import Job
from harness.methods.learning.trials import fit_once
from harness.methods.method import METHODS
from harness.methods.resolve import resolve
from harness.suite import load_suite
from harness.tasks.task import load_task

register_all()
ALL = [(tuner, kind) for tuner in PEFT_TYPE_TO_CONFIG_MAPPING for kind in KINDS]
UNABLE_HERE = [(tuner, kind) for tuner, kind in ALL if kind in UNABLE.get(tuner, {})]
ABLE = [(tuner, kind) for tuner, kind in ALL
        if (tuner, kind) not in UNABLE_HERE and tuner not in UNFIT
        and not (tuner in KEYS_ALONE and kind in KEYLESS)]


def ids(pairs):
    return [f"{method_name(tuner)}-{kind}" for tuner, kind in pairs]


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """MiniLM and SmolLM2 in their widths, with two layers and a small vocabulary."""
    encoder, decoder = (tmp_path_factory.mktemp(name) for name in ("minilm", "smollm2"))
    torch.manual_seed(0)
    vocabulary = byte_tokenizer(pair_template=True)
    vocabulary.save_pretrained(encoder)
    BertModel(BertConfig(
        vocab_size=len(vocabulary), hidden_size=384, num_hidden_layers=2, num_attention_heads=12,
        intermediate_size=1536, pad_token_id=0)).save_pretrained(encoder)
    byte_tokenizer(pair_template=False).save_pretrained(decoder)
    LlamaForCausalLM(LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=576, num_hidden_layers=2, num_attention_heads=9,
        num_key_value_heads=3, intermediate_size=1536, tie_word_embeddings=True, pad_token_id=0,
        bos_token_id=2, eos_token_id=3)).save_pretrained(decoder)
    t5 = tmp_path_factory.mktemp("t5")
    byte_tokenizer(pair_template=False).save_pretrained(t5)
    T5ForConditionalGeneration(T5Config(
        vocab_size=len(vocabulary), d_model=128, d_kv=32, d_ff=256, num_layers=1, num_heads=4,
        pad_token_id=0, decoder_start_token_id=0, eos_token_id=3)).save_pretrained(t5)
    vit = tmp_path_factory.mktemp("vit")
    ViTModel(ViTConfig(hidden_size=192, num_hidden_layers=2, num_attention_heads=3, patch_size=8,
                       intermediate_size=768, image_size=32)).save_pretrained(vit)
    write_processor("vit", vit)
    return {"image": Handle("vit", "image", vit, "a" * 64, "two layers"),
            "seq2seq": Handle("t5", "seq2seq", t5, "5" * 64, "one layer each"),
            "encoder": Handle("minilm", "encoder", encoder, "e" * 64, "two layers"),
            "decoder": Handle("smollm2", "decoder", decoder, "d" * 64, "two layers")}


@pytest.fixture(scope="module")
def job(wide, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:  # where each test looks for pictures
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        return jobs_on(wide, tmp_path_factory.mktemp("suite"))


def jobs_on(wide, folder):
    sentences().to_csv(folder / "data.csv", index=False)
    suite = folder / "tiny.yaml"
    suite.write_text(yaml.safe_dump(suite_dict(wide["encoder"].path, wide["decoder"].path)))
    loaded = load_suite(suite)
    task = load_task(loaded)
    splits = task.splits.sample(8, 3, 3)
    budget = loaded.suite.budget.model_copy(update={"epochs": 1, "steps": 1, "batch": 4})
    whole = Job(task=dataclasses.replace(task, splits=splits), train=splits.train,
                validation=splits.validation, budget=budget, seed=0, clock=Clock(),
                device=Device("cpu", "test", "no", 1), store=FeatureStore(None))
    jobs = {kind: dataclasses.replace(whole, backbone=handle) for kind, handle in wide.items()}
    write_pictures(folder / "pictures", 8)
    suite.write_text(yaml.safe_dump(suite_of_pictures(wide["image"].path)))
    sights = load_task(load_suite(suite))
    splits = sights.splits.sample(8, 3, 3)
    return jobs | {"image": dataclasses.replace(
        jobs["image"], task=dataclasses.replace(sights, splits=splits), train=tuple(splits.train),
        validation=tuple(splits.validation))}


@pytest.fixture(scope="module")
def untouched(job):
    """Scores of the decoder without an adapter."""
    plain = fit_once(METHODS["zero-shot"]({}), job["decoder"], {}).fit.fitted
    return scores(plain, job["decoder"].task.splits.test)


def learned(model):
    """Names of the adapter's parameters, the head's aside, that had a gradient in the last step."""
    return [name for name, p in model.named_parameters() if p.grad is not None and p.grad.any()
            and not any(part in name for part in ("classifier", "pooler"))]


def stir(model, by=0.02):
    """Move whatever learns, so that a value that is not saved makes a difference."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += by * torch.randn_like(parameter)


@torch.no_grad()
def scores(fitted, examples):
    """Log-likelihoods of the answers, [examples, answers]."""
    return scored(fitted.loaded.model, fitted.head, fitted.write(examples, Clock()),
                  fitted.loaded.tokenizer.pad_token_id)[1]


@torch.no_grad()
def scores_of_peft(fitted, examples):
    """The same by PEFT's own forward, a pass an answer."""
    model = fitted.loaded.model
    return questions_one_by_one(
        lambda tokens: model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).logits,
        fitted.write(examples, Clock()))


@pytest.mark.parametrize(("tuner", "kind"), ABLE, ids=ids(ABLE))
def test_a_tuner_learns_answers_and_comes_back_the_same(tuner, kind, job, untouched, tmp_path):
    method, here = METHODS[method_name(tuner)]({}), job[kind]
    assert catalogue()[method.name].does(kind, "classification")
    chosen = fit_once(method, here, method.settings(here)[0])
    fitted, test = chosen.fit.fitted, here.task.splits.test
    assert chosen.fit.training.steps == 2
    assert learned(fitted.loaded.model)
    if kind != "seq2seq":  # it learns by the same loop
        twin = fit_once(method, here, chosen.setting).fit.fitted
        assert all(map(torch.equal, fitted.loaded.model.parameters(),
                       twin.loaded.model.parameters()))
    stir(fitted.loaded.model)
    predicted = fitted.predict(test, Clock())
    np.testing.assert_allclose(predicted.sum(axis=1), 1.0, atol=1e-6)
    fitted.save(tmp_path)
    again = method.load(here, chosen.setting, tmp_path)
    np.testing.assert_allclose(again.predict(test, Clock()), predicted, atol=1e-5)
    np.testing.assert_allclose(again.predict(test[:1], Clock()), predicted[:1], atol=1e-5)
    if kind == "decoder":
        scored = scores(again, test)
        assert (scored - untouched).abs().max() > 1e-3
        torch.testing.assert_close(scored[:1], scores_of_peft(again, test[:1]), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("tuner", "kind"), UNABLE_HERE, ids=ids(UNABLE_HERE))
def test_what_peft_cannot_do_still_fails_for_the_reason_that_is_listed(tuner, kind, job):
    assert not catalogue()[method_name(tuner)].works_on(kind, "classification")
    with pytest.raises(CannotRunError) as refused:
        fit_once(AnyPeft({"peft_type": tuner.value}), job[kind], {"learning_rate": 1e-3})
    assert UNABLE[tuner][kind] in str(refused.value)


@torch.no_grad()
def test_a_tuner_that_mixes_the_texts_of_a_batch_still_does_so_and_is_refused(wide):
    for tuner in UNFIT:
        with pytest.raises(HarnessError, match=f"{tuner.value} cannot be measured: its answer"):
            AnyPeft({"peft_type": tuner.value})
        assert not any(catalogue()[method_name(tuner)].works_on(kind, "classification")
                       for kind in KINDS)
        model = get_peft_model(AutoModel.from_pretrained(wide["encoder"].path),
                               PEFT_TYPE_TO_CONFIG_MAPPING[tuner](target_modules="all-linear"))
        stir(model)
        texts = torch.tensor([[5, 9, 200, 31], [7, 8, 9, 10]])
        alone, together = model(texts[:1])[0], model(texts)[0][:1]
        assert (alone - together).abs().max() > 1e-4


def test_a_tuner_that_mixes_the_tokens_of_a_pass_is_found_out(wide):
    model = AutoModelForCausalLM.from_pretrained(wide["decoder"].path)
    check_scoring(model)
    mixing = get_peft_model(model, LilyConfig(target_modules="all-linear", task_type="CAUSAL_LM"))
    stir(mixing, by=0.3)  # a small change mixes less than passes may differ by
    with pytest.raises(CannotRunError, match="not those scored one by one"):
        check_scoring(mixing)


def test_several_tasks_are_refused(job):
    several = AnyPeft({"peft_type": "POLY", "n_tasks": 3})
    with pytest.raises(CannotRunError, match="POLY with n_tasks 3: which one is this task"):
        fit_once(several, job["encoder"], {"learning_rate": 1e-3})


def test_a_suite_names_a_tuner_with_peft_s_options_and_hears_why_it_cannot(suite_file):
    value = yaml.safe_load(suite_file.read_text())
    value["backbones"]["enc"]["methods"] = [{"vera": {"r": 8, "d_initial": 0.2}}]
    suite_file.write_text(yaml.safe_dump(value))
    entry = next(e for e in resolve(load_suite(suite_file)) if e.label == "vera")
    assert entry.method.described() == {
        "peft_type": "VERA", "r": 8, "d_initial": 0.2, "learning_rates": [], "balance": None,
        "passages": None, "replay": 0.0,
        "head": "fresh", "pooling": "trained"}
    for method, found in (({"vera": {"rank": 8}}, "VeraConfig has no field 'rank'"),
                          ("cpt", r"'cpt' is not for the encoder \(CPTConfig only"),
                          ("lily", r"'lily' is not for the encoder \(its answer")):
        value["backbones"]["enc"]["methods"] = [method]
        suite_file.write_text(yaml.safe_dump(value))
        with pytest.raises(HarnessError, match=found):
            resolve(load_suite(suite_file))


def test_there_is_a_method_for_every_tuner_and_most_work_on_each_kind():
    assert {PeftType(t).value for t in PEFT_TYPE_TO_CONFIG_MAPPING} == {
        METHODS[name].peft_type for name in METHODS if getattr(METHODS[name], "peft_type", "")}
    assert sum(kind == "decoder" for _, kind in ABLE) >= 40
    assert sum(kind == "encoder" for _, kind in ABLE) >= 38
    assert sum(kind == "seq2seq" for _, kind in ABLE) >= 38


@pytest.mark.parametrize("name", ["prefix-tuning", "cartridge"])
def test_a_tuner_that_the_installed_libraries_cannot_do_is_known_before_it_runs(
        name, tmp_path, job):
    """PEFT puts learned keys before what takes past keys, and finds out at the first pass."""
    method = METHODS[name]({"num_virtual_tokens": 4})
    handle = folder_handle(write_family("mpnet", tmp_path))
    reason = method.cannot(handle)
    assert reason is not None
    assert f"MPNetModel of transformers {transformers.__version__}" in reason
    assert f"PEFT {peft.__version__}" in reason
    with pytest.raises(CannotRunError, match="takes no past_key_values"):
        fit_once(method, dataclasses.replace(job["encoder"], backbone=handle),
                 {"learning_rate": 1e-3})
    assert METHODS["lora"]({}).cannot(handle) is None
    assert method.cannot(job["decoder"].need_backbone()) is None
    adapter = get_peft_model(
        MPNetForSequenceClassification.from_pretrained(handle.path),
        PEFT_TYPE_TO_CONFIG_MAPPING[method.tuner](task_type="SEQ_CLS", num_virtual_tokens=4))
    with pytest.raises(ValueError, match="does not support past key values"):
        adapter(input_ids=torch.tensor([[5, 9]]), attention_mask=torch.ones(1, 2))


def test_what_stands_for_the_encoders_decides_what_the_list_of_methods_says():
    class WithoutKeys(BertModel):
        def forward(self, input_ids): ...

    assert keyless(WithoutKeys).startswith("WithoutKeys of transformers")
    assert bool(KEYLESS) == (keyless(BertModel) is not None)
    assert METHODS["prefix-tuning"].fails == METHODS["cartridge"].fails == KEYLESS
    row = catalogue()["prefix-tuning"]
    assert row.works_on("encoder", "classification"), "a suite of other versions may name it"
    assert row.does("encoder", "classification") == (not KEYLESS)
