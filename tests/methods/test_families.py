"""Families of models through the harness's methods: fit, predict, save, load, predict the same."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from families import DECODERS, ENCODERS, FAMILIES, SEQ2SEQ, kind_of, write_family
from naive import questions_one_by_one, scored
from peft import PrefixTuningConfig, PromptTuningConfig, get_peft_model
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    BloomConfig,
    MambaConfig,
)

from harness.backbones.encoding.encode import collate, encode
from harness.backbones.encoding.features import FeatureStore, pooled
from harness.backbones.encoding.padding import Padding
from harness.backbones.handle import Handle, folder_handle
from harness.backbones.load import load_causal, load_classifier, load_tokenizer
from harness.backbones.prompting.tree_mask import attention_masks
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import CannotRunError
from harness.methods import register_all
from harness.methods.job import Job
from harness.methods.learning.decoder import plain_decoder
from harness.methods.learning.trials import fit_once
from harness.methods.method import METHODS
from harness.tasks.examples import Example
from harness.tasks.task import load_task

register_all()
BOTH = ("full", "selective", "bitfit", "lora", "features")
RUNS = [(family, method) for families, methods in (
    (ENCODERS, (*BOTH, "knn")), (DECODERS, (*BOTH, "zero-shot")),
    (SEQ2SEQ, ("full", "lora", "prefix-tuning", "features")))
    for family in families for method in methods]
SLIDING = ("mistral", "qwen2", "gemma2", "gemma3")
"""Families whose tiny models have layers with a window of 8 tokens."""
CPU = Device("cpu", "test", "no", 1)


@pytest.fixture(scope="module")
def handles(tmp_path_factory):
    """Each family's folder, looked at as any user's is."""
    return {family: folder_handle(write_family(family, tmp_path_factory.mktemp(family)))
            for family in FAMILIES}


@pytest.fixture
def job(loaded, handles):
    def make(family) -> Job:
        task = load_task(loaded)
        splits = task.splits.sample(9, 6, 5)
        budget = loaded.suite.budget.model_copy(update={"epochs": 1, "steps": 1, "batch": 4})
        return Job(task=dataclasses.replace(task, splits=splits), train=splits.train,
                   validation=splits.validation, budget=budget, seed=0, clock=Clock(), device=CPU,
                   store=FeatureStore(None), backbone=handles[family])

    return make


@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_tells_its_kind(family, handles):
    assert handles[family].kind == kind_of(family)


@pytest.mark.parametrize(("family", "name"), RUNS, ids=[f"{f}-{m}" for f, m in RUNS])
def test_a_family_fits_saves_loads_and_answers_the_same(family, name, job, tmp_path):
    here, method = job(family), METHODS[name]({})
    chosen = fit_once(method, here, method.settings(here)[0])
    test = here.task.splits.test
    predicted = chosen.fit.fitted.predict(test, Clock())
    np.testing.assert_allclose(predicted.sum(axis=1), 1.0, atol=1e-6)
    assert np.ptp(predicted, axis=0).max() > 1e-6, "every text has the same answer"
    chosen.fit.fitted.save(tmp_path)
    again = method.load(here, chosen.setting, tmp_path)
    np.testing.assert_allclose(again.predict(test, Clock()), predicted, atol=1e-5)
    np.testing.assert_allclose(again.predict(test[:1], Clock()), predicted[:1], atol=1e-5)


@torch.no_grad()
def check_scores(asked, model, examples):
    """Within 1e-4 nats of a pass an option, by the model's own masks. Returns what was shared."""
    questions = asked.write(examples, Clock())
    expected = questions_one_by_one(
        lambda ids: model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits, questions)
    prefix, found = scored(model, asked.head, questions, asked.loaded.tokenizer.pad_token_id)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)
    return prefix


@pytest.mark.parametrize("family", DECODERS)
def test_one_pass_scores_what_a_pass_an_option_scores(family, job):
    here = job(family)
    asked = plain_decoder(here)
    assert len(asked.head) > 16  # twice the sliding windows
    prefix = check_scores(asked, asked.loaded.model, here.validation)
    assert (prefix.again == tuple(asked.head)) == (family in SLIDING)
    assert prefix.length == (0 if family in SLIDING else len(asked.head))


@pytest.mark.parametrize("family", SLIDING)
def test_a_window_that_ends_within_the_item_is_kept_to(family, job):
    here = job(family)
    asked = plain_decoder(here)
    asked.loaded.model.config.sliding_window = len(asked.head) + 3
    prefix = check_scores(asked, asked.loaded.model, here.validation)
    assert prefix.length == len(asked.head)


@pytest.mark.parametrize("family", SLIDING)
@pytest.mark.parametrize("config", [PrefixTuningConfig, PromptTuningConfig])
def test_virtual_tokens_before_a_sliding_window(family, config, job):
    here = job(family)
    asked = plain_decoder(here)
    torch.manual_seed(1)
    model = get_peft_model(asked.loaded.model,
                           config(task_type="CAUSAL_LM", num_virtual_tokens=4)).eval()
    prefix = check_scores(asked, model, here.validation[:2])
    assert prefix.length + len(prefix.again) == 4 + len(asked.head)


@pytest.mark.parametrize("family", ENCODERS)
@torch.no_grad()
def test_a_loaded_encoder_is_transformers_own(family, handles, job):
    """Dropout made quick and inputs chosen by the model change no logit."""
    here = job(family)
    ours = load_classifier(handles[family], here.task.labels, "cpu")
    plain = AutoModelForSequenceClassification.from_pretrained(
        handles[family].path, num_labels=len(here.task.labels)).eval()
    plain.load_state_dict(ours.model.state_dict())
    batch = collate(ours.tokenizer, encode(ours.tokenizer, here.train, 32), Padding.RIGHT, "cpu")
    torch.testing.assert_close(ours.model(**batch).logits,
                               plain(**batch).logits, atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", ENCODERS | DECODERS)
@torch.no_grad()
def test_features_are_the_mean_of_the_model_s_own_states(family, handles, job):
    here = job(family)
    found = FeatureStore(None).features(pooled(handles[family], 32, CPU), here.train[:2], Clock(),
                                        "encode")
    tokenizer = load_tokenizer(handles[family])
    model = AutoModel.from_pretrained(handles[family].path).eval()
    for example, vector in zip(here.train, found, strict=False):
        ids = torch.tensor([tokenizer(example.text)["input_ids"][:32]])
        mean = model(input_ids=ids).last_hidden_state[0].mean(dim=0)
        np.testing.assert_allclose(vector, mean.numpy(), atol=1e-5)


def test_positions_that_begin_behind_the_padding_shorten_the_window(handles):
    # RoBERTa's positions begin at the padding token's id + 1: of 256, 2 + 1 are never used.
    assert load_classifier(handles["roberta"], ("a", "b"), "cpu").window == 253
    assert load_classifier(handles["bert"], ("a", "b"), "cpu").window == 256


@pytest.mark.parametrize("family", ENCODERS)
def test_the_longest_text_that_fits_the_window_is_read(family, handles):
    loaded = load_classifier(handles[family], ("a", "b"), "cpu")
    words = Example("0", "iron " * 600, None, 0, "g", {})
    batch = collate(loaded.tokenizer, encode(loaded.tokenizer, [words], loaded.window),
                    Padding.RIGHT, "cpu")
    assert batch["input_ids"].shape == (1, loaded.window)
    assert loaded.model(**batch).logits.isfinite().all()


@pytest.mark.parametrize("other", [
    BloomConfig(vocab_size=400, hidden_size=32, n_layer=2, n_head=4),
    MambaConfig(vocab_size=400, hidden_size=32, num_hidden_layers=2, state_size=4),
], ids=lambda config: config.model_type)
def test_a_model_that_one_pass_cannot_score_is_refused(other, handles, tmp_path):
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(other).save_pretrained(tmp_path)
    load_tokenizer(handles["gpt2"]).save_pretrained(tmp_path)
    # Newer versions of transformers name the kind of Mamba's layers.
    with pytest.raises(CannotRunError, match=r"in one pass through a (Bloom|Mamba)For|"
                       r"through layers of type linear_attention"):
        load_causal(Handle("other", "decoder", tmp_path, "0" * 64, "tiny"), "cpu")


def test_layers_of_a_kind_that_is_not_known_are_refused():
    config = SimpleNamespace(layer_types=["chunked_attention", "full_attention"])
    sees, at = torch.ones(1, 2, 2, dtype=torch.bool), torch.arange(2)[None]
    with pytest.raises(CannotRunError, match="layers of type chunked_attention"):
        attention_masks(config, sees, at, at, torch.float32)
