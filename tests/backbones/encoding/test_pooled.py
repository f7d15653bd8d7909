"""A linear head on pooled states: read as the folder says, saved as others can read it."""

import json
import shutil
from functools import cache

import numpy as np
import pytest
import torch
from families import ENCODERS, PADDED_OTHERWISE, move_what_learns, write_family
from peft import LoraConfig, get_peft_model
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import AutoModelForSequenceClassification

from harness.backbones.admission.folder import admit
from harness.backbones.encoding.encode import encode
from harness.backbones.encoding.features import FeatureStore, pooled, pooled_texts
from harness.backbones.encoding.padding import Padding
from harness.backbones.encoding.pooled import pooled_part, write_pooled
from harness.backbones.encoding.pooling import MODES, pool_of
from harness.backbones.handle import folder_handle
from harness.backbones.kernels.first_token import first_token_alone, last_block
from harness.backbones.load import load_classifier
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.methods import register_all
from harness.methods.elsewhere import check_whole, load_tuned
from harness.methods.job import Job
from harness.methods.learning.encoder import EncoderClassifier
from harness.methods.learning.trials import fit_once
from harness.methods.link import LINKS
from harness.methods.method import METHODS
from harness.suite import Budget
from harness.tasks.examples import Example
from harness.tasks.task import load_task

register_all()
CPU = Device("cpu", "test", "no", 1)
CLASSES = ("fruit", "metal", "metal alloy")
TEXTS = ["old pear", "", "a page that goes on", "zinc",
         "the very old iron with some red copper and new tin of lead n17", "plum of steel"]
ITEMS = [Example(str(i), text, None, i % 3, "g", {}) for i, text in enumerate(TEXTS)]
READ_BY_MEAN = {"learning_rates": [3e-3]}


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    @cache
    def make(family):
        return write_family(family, tmp_path_factory.mktemp(family))

    return make


@pytest.fixture(scope="module")
def embedders(families, tmp_path_factory):
    """A family's folder as sentence-transformers saves it with a pooling."""
    @cache
    def make(family, mode):
        folder = tmp_path_factory.mktemp(family) / "model"
        transformer = Transformer(str(families(family)))
        pooling = Pooling(transformer.get_embedding_dimension(), mode)
        SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(folder))
        return folder

    return make


@pytest.fixture
def job(loaded):
    def make(folder) -> Job:
        return Job(task=load_task(loaded), train=tuple(ITEMS), validation=tuple(ITEMS),
                   budget=Budget(epochs=2, steps=1, batch=4, max_length=64), seed=0, device=CPU,
                   clock=Clock(), store=FeatureStore(None), backbone=folder_handle(folder))

    return make


def classifier(folder, pool):
    """A classifier whose head tells texts apart."""
    loaded = load_classifier(folder_handle(folder), CLASSES, "cpu", pool)
    torch.manual_seed(3)
    for parameter in loaded.fresh.values():
        torch.nn.init.normal_(parameter, std=0.5)
    return EncoderClassifier(loaded, 64, CPU, lambda *_: None, LINKS["classification"])


@pytest.mark.parametrize("mode", ["cls", "mean", "lasttoken", "max", ("cls", "weightedmean")])
def test_a_folder_says_how_it_is_pooled(mode, embedders):
    assert pool_of(embedders("bert", mode)) == ((mode,) if isinstance(mode, str) else mode)


def test_older_folders_say_it_by_switches_and_most_say_nothing(embedders, families, tmp_path):
    assert pool_of(families("bert")) is None
    assert pool_of(families("bert"), "last") == ("lasttoken",)
    folder = shutil.copytree(embedders("bert", "cls"), tmp_path / "older")
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(
        {"word_embedding_dimension": 32, "pooling_mode_cls_token": False,
         "pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": False}))
    assert pool_of(folder) == ("mean",)
    assert pool_of(folder, "cls") == ("cls",)


def test_a_pooling_that_nobody_knows_is_refused_and_one_outside_the_folder_not_read(
        embedders, tmp_path):
    folder = shutil.copytree(embedders("bert", "mean"), tmp_path / "strange")
    path = folder / "1_Pooling" / "config.json"
    path.write_text(json.dumps({"embedding_dimension": 32, "pooling_mode": "by moonlight"}))
    with pytest.raises(HarnessError, match="moonlight"):
        pool_of(folder)
    modules = json.loads((folder / "modules.json").read_text())
    for module in modules:
        module["path"] = f"../strange/{module['path']}"
    (folder / "modules.json").write_text(json.dumps(modules))
    assert pool_of(folder) is None


def test_a_model_that_was_saved_with_a_head_keeps_it(embedders, tmp_path):
    folder = shutil.copytree(embedders("bert", "mean"), tmp_path / "tuned")
    plain = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3).eval()
    plain.save_pretrained(folder)
    assert pool_of(folder) is None
    ids = torch.tensor([[5, 9, 20, 31]])
    loaded = load_tuned(admit(folder), None, "cpu")
    check_whole(admit(folder), loaded)
    torch.testing.assert_close(loaded.model(ids).logits, plain(ids).logits)


@pytest.mark.parametrize("mode", ["cls", "mean", "lasttoken", "max", ("cls", "weightedmean")])
def test_what_is_saved_has_the_same_logits_in_sentence_transformers(mode, embedders, tmp_path):
    folder = embedders("bert", mode)
    found = classifier(folder, pool_of(folder))
    write_pooled(found.loaded.model, tmp_path)
    found.loaded.tokenizer.save_pretrained(tmp_path)
    with torch.no_grad():
        logits = found.logits(encode(found.loaded.tokenizer, ITEMS, 64), Padding.RIGHT)
    theirs = SentenceTransformer(str(tmp_path), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(theirs, logits, atol=1e-5)
    assert np.ptp(theirs, axis=0).min() > 1e-2
    again = load_classifier(folder_handle(tmp_path), CLASSES, "cpu", pool_of(tmp_path))
    assert again.fresh == {}
    torch.testing.assert_close(again.model.classifier.weight, found.loaded.model.classifier.weight)
    other = load_classifier(folder_handle(tmp_path), CLASSES[:2], "cpu", pool_of(tmp_path))
    assert set(other.fresh) == {"classifier.weight", "classifier.bias"}


@pytest.mark.parametrize("pooling", MODES)
@pytest.mark.parametrize("family", [*ENCODERS, *PADDED_OTHERWISE])
def test_an_item_alone_is_the_item_in_a_batch(family, pooling, families):
    found = classifier(families(family), MODES[pooling])
    together = found.probabilities(ITEMS)
    assert np.ptp(together, axis=0).max() > 1e-3
    for i, item in enumerate(ITEMS):
        np.testing.assert_allclose(found.probabilities([item])[0], together[i], atol=2e-5)
        np.testing.assert_allclose(found.probabilities([ITEMS[4], item])[1], together[i],
                                   atol=2e-5)


@pytest.mark.parametrize("pooling", MODES)
@pytest.mark.parametrize("method", ["prompt-tuning", "lora"])
def test_virtual_tokens_are_no_part_of_a_text(method, pooling, families, job):
    here = job(families("bert"))
    loaded = load_classifier(here.backbone, CLASSES, "cpu", MODES[pooling])
    torch.manual_seed(2)
    METHODS[method]({}).prepare(loaded, here)
    move_what_learns(loaded.model)
    found = EncoderClassifier(loaded, 32, CPU, lambda *_: None, LINKS["classification"])
    assert (found.last is None) == (pooling != "cls" or method == "prompt-tuning")
    item, = encode(loaded.tokenizer, ITEMS[4:5], 32)
    count, inside = len(item["input_ids"]), pooled_part(loaded.model)
    with torch.no_grad():
        batch = {name: torch.tensor([values]) for name, values in item.items()}
        states = loaded.model(**batch, output_hidden_states=True).hidden_states[-1][0, -count:]
        expected = inside.classifier({"cls": states[0], "mean": states.mean(dim=0),
                                      "last": states[-1]}[pooling]).softmax(dim=0)
    np.testing.assert_allclose(found.probabilities(ITEMS)[4], expected, atol=2e-5)


def test_the_first_token_is_enough_for_a_head_that_reads_no_other(families):
    whole = classifier(families("bert"), MODES["cls"])
    batch = encode(whole.loaded.tokenizer, ITEMS, 64)
    narrow = last_block(whole.loaded.model)
    assert narrow is not None
    with torch.no_grad():
        alone = whole.logits(batch, Padding.RIGHT)
        whole.last = None
        with first_token_alone(None):
            torch.testing.assert_close(alone, whole.logits(batch, Padding.RIGHT), atol=1e-5,
                                       rtol=0)
    for pooling in ("mean", "last"):
        assert last_block(classifier(families("bert"), MODES[pooling]).loaded.model) is None


@pytest.mark.parametrize("method", ["full", "selective", "bitfit", "lora", "prompt-tuning"])
def test_a_method_reads_an_embedder_as_it_was_trained_and_loads_what_it_saved(
        method, embedders, job, tmp_path):
    here = job(embedders("bert", "mean"))
    made = METHODS[method](READ_BY_MEAN)
    fitted = fit_once(made, here, {"learning_rate": 3e-3}).fit.fitted
    assert pooled_part(fitted.loaded.model).pool == ("mean",)
    fitted.save(tmp_path)
    again = made.load(here, {"learning_rate": 3e-3}, tmp_path)
    np.testing.assert_array_equal(again.predict(ITEMS, Clock()), fitted.predict(ITEMS, Clock()))
    own = METHODS[method]({"pooling": "cls"}).fit(here, {"learning_rate": 3e-3}).fitted
    assert pooled_part(own.loaded.model).pool == ("cls",)


@pytest.mark.parametrize("method", ["full", "lora", "prompt-tuning"])
def test_what_a_method_saved_is_read_alike_by_whoever_is_given_the_folder(
        method, embedders, job, tmp_path):
    here = job(embedders("bert", "mean"))
    fitted = fit_once(METHODS[method]({}), here, {"learning_rate": 3e-3}).fit.fitted
    fitted.save(tmp_path)
    admitted = admit(tmp_path)
    loaded = load_tuned(admitted, here.backbone, "cpu")
    check_whole(admitted, loaded)
    assert loaded.model.num_labels == 3
    found = EncoderClassifier(loaded, 64 if method == "full" else loaded.window, CPU,
                              lambda *_: None, LINKS["classification"])
    np.testing.assert_allclose(found.probabilities(ITEMS), fitted.predict(ITEMS, Clock()),
                               atol=1e-6)
    if method == "full":
        assert [loaded.model.config.id2label[i] for i in range(3)] == list(here.task.labels)
        assert loaded.model.config.problem_type == "single_label_classification"


def test_an_adapter_from_elsewhere_keeps_the_head_it_was_trained_under(embedders, tmp_path):
    base = folder_handle(embedders("bert", "mean"))
    torch.manual_seed(0)
    model = get_peft_model(
        AutoModelForSequenceClassification.from_pretrained(base.path, num_labels=3),
        LoraConfig(r=2, target_modules="all-linear", task_type="SEQ_CLS",
                   init_lora_weights=False)).eval()
    model.save_pretrained(tmp_path)
    ids = torch.tensor([[5, 9, 20, 31]])
    torch.manual_seed(0)  # the tiny base has no pooler: it is drawn anew, as it was above
    loaded = load_tuned(admit(tmp_path), base, "cpu")
    torch.testing.assert_close(loaded.model(ids).logits, model(ids).logits)


def test_a_folder_without_a_head_is_no_classifier(embedders):
    admitted = admit(embedders("bert", "mean"))
    with pytest.raises(HarnessError, match="lack classifier"):
        check_whole(admitted, load_tuned(admitted, None, "cpu"))


def test_probes_read_the_states_of_every_token(embedders):
    handle = folder_handle(embedders("bert", "mean"))
    loaded = load_classifier(handle, CLASSES, "cpu", ("mean",))
    frozen = FeatureStore(None).features(pooled(handle, 64, CPU), ITEMS, Clock(), "encode")
    np.testing.assert_allclose(pooled_texts(loaded, TEXTS, 64, CPU), frozen, atol=1e-5)


def test_a_decoder_has_no_pooling(decoder):
    assert "answers its prompt" in METHODS["full"]({"pooling": "mean"}).cannot(decoder)
    assert METHODS["lora"]({}).cannot(decoder) is None
    assert "answers its prompt" in METHODS["lora"]({"pooling": "mean"}).cannot(decoder)
